using Ambient.Benchmarks;
using BenchmarkDotNet.Running;

// In this process: the projects under test are built once, by our own build files, and run as they are.
BenchmarkSwitcher.FromAssembly(typeof(RecordBenchmarks).Assembly).Run([.. args, "--inProcess"]);
