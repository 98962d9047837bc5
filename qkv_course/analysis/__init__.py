"""What heads attend to, measured beside controls: for the course's models, and for your own."""
