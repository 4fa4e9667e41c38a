using Ambient.Footprint;
using Ambient.Footprint.Report;
using BenchmarkDotNet.Running;

if (args is not ([] or ["--quick"]))
{
    await Console.Error.WriteLineAsync("Usage: footprint [--quick]");
    return 2;
}

if (args is ["--quick"]) FootprintOptions.Current = FootprintOptions.Quick;
var options = FootprintOptions.Current;
BenchmarkRunner.Run<FootprintBenchmark>(FootprintConfig.Create(options.Repetitions));
if (Measurements.All.Count == 0) return 1;

foreach (var pods in options.Pods) Console.WriteLine(FootprintSection.Comparison(pods));
if (options == FootprintOptions.Quick) return 0; // too short to keep
await FootprintSection.WriteAsync("benchmarks/RESULTS.md", options);
await File.WriteAllTextAsync("benchmarks/footprint.svg", FootprintChart.Draw(options.Pods));
return 0;
