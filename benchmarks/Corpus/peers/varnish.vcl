vcl 4.1;

backend server { .host = "127.0.0.1"; .port = "19340"; }

sub vcl_recv { return (pass); }
