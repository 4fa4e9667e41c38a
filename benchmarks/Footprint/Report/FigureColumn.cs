using Ambient.Footprint.Deployments;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Ambient.Footprint.Report;

/// <summary>A figure as a column of BenchmarkDotNet's table.</summary>
internal sealed class FigureColumn(Figure figure, int order) : IColumn
{
    public string Id => nameof(FigureColumn) + figure.Name;
    public string ColumnName => figure.Name;
    public bool AlwaysShow => true;
    public ColumnCategory Category => ColumnCategory.Custom;
    public int PriorityInCategory => order;
    public bool IsNumeric => true;
    public UnitType UnitType => UnitType.Dimensionless;
    public string Legend => figure.Legend;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        var parameters = benchmarkCase.Parameters;
        return figure.Of((MeshKind)parameters[nameof(FootprintBenchmark.Mesh)], (int)parameters[nameof(FootprintBenchmark.Pods)]).ToString();
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;
}
