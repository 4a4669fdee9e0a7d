"""The dashboard: server-rendered pages on which operators see every order and settle the stuck ones."""
