using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Ambient.Footprint.Report;

/// <summary>BenchmarkDotNet runs the repetitions and prints the table; what is measured are other processes.</summary>
internal static class FootprintConfig
{
    public static IConfig Create(int repetitions) => ManualConfig.CreateEmpty()
        .AddJob(Job.Default.WithToolchain(new InProcessNoEmitToolchain(TimeSpan.FromMinutes(30), logOutput: true))
            .WithStrategy(RunStrategy.Monitoring).WithWarmupCount(0).WithIterationCount(repetitions).WithInvocationCount(1).WithUnrollFactor(1))
        .AddColumnProvider(DefaultColumnProviders.Params)
        .AddColumn([.. Figure.All.Select((figure, i) => new FigureColumn(figure, i))])
        .AddExporter(MarkdownExporter.GitHub)
        .AddLogger(ConsoleLogger.Default)
        .WithArtifactsPath("artifacts/footprint")
        .WithOptions(ConfigOptions.DisableOptimizationsValidator);
}
