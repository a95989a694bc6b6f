"""The environment: what is wrong with it (doctor), and JupyterLab opened in it (server)."""
