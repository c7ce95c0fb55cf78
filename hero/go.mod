module hero

go 1.24
