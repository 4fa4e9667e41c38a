using System.Globalization;
using Ambient.Footprint;
using Ambient.Footprint.Report;
using BenchmarkDotNet.Running;

switch (args)
{
    case []:
        break;
    case ["--quick"]:
        FootprintOptions.Current = FootprintOptions.Quick;
        break;
    case ["--repetitions", var text] when int.TryParse(text, CultureInfo.InvariantCulture, out var repetitions) && repetitions is >= 1 and <= 20:
        FootprintOptions.Current = FootprintOptions.Full with { Repetitions = repetitions };
        break;
    default:
        await Console.Error.WriteLineAsync("Usage: footprint [--quick | --repetitions 1…20]");
        return 2;
}

var options = FootprintOptions.Current;
BenchmarkRunner.Run<FootprintBenchmark>(FootprintConfig.Create(options.Repetitions));
if (Measurements.All.Count == 0) return 1;

foreach (var pods in options.Pods) Console.WriteLine(FootprintSection.Comparison(pods));
if (options == FootprintOptions.Quick) return 0; // too short to keep
await FootprintSection.WriteAsync("benchmarks/RESULTS.md", options);
await File.WriteAllTextAsync("benchmarks/footprint.svg", FootprintChart.Draw(options.Pods));
return 0;
