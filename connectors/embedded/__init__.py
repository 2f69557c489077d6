"""The broker and the PostgreSQL that `ioc up` starts, and what watches over them."""
