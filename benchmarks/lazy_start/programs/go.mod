// What `make lazy` needs beside the tools: a link of a given speed, and what runs in the containers.
module hero/benchmarks/lazy_start/programs

go 1.26
