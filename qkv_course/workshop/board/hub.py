"""Who is who on a JupyterHub: the hub says, by the token that a request carries.

The board is then a service that the hub manages, and its rights are two custom scopes.
"""

from typing import Any

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated, UserNotAllowed

from qkv_course.workshop.board.requests import BoardRequest

REPORT, READ = "custom:qkv-board:report", "custom:qkv-board:read"
NO_TEACHER = (
    "This page is for teachers. Whoever runs the hub can add you to the group that may read it."
)

__all__ = ["HubOAuthCallbackHandler", "HubRequest"]


class HubRequest(HubOAuthenticated, BoardRequest):  # type: ignore[misc]  # it has no types
    """Learners' kernels carry the token of their server, the teacher's browser an OAuth cookie."""

    _user: dict[str, Any] | None = None

    async def prepare(self) -> None:
        # Asked here, and not by `current_user`, which would block all other requests.
        user = await self.hub_auth.get_user(self, sync=False)
        try:
            self._user = self.check_hub_user(user) if user else None
        except UserNotAllowed:
            self._user = None

    def _holds(self, scope: str) -> bool:
        return self._user is not None and scope in self._user["scopes"]

    async def learner(self) -> str | None:
        # A browser sends cookies by itself, this header never.
        by_token = "Authorization" in self.request.headers
        if not by_token or not self._holds(REPORT) or self._user is None:
            return None
        return str(self._user["name"]) if self._user["kind"] == "user" else None

    async def may_read(self) -> bool:
        return self._holds(READ)

    async def invite(self) -> None:
        if self._user is None:
            self.redirect(self.get_login_url())
        else:
            self.refuse(403, NO_TEACHER)

    def page_token(self) -> str:
        # The hub wants it on every request with a cookie that is no page view: on the feed too.
        return str(self.xsrf_token.decode())
