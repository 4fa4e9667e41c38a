using System.Text;
using Ambient.Model.Routes;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>From a request to the rule that it matches, among the rules of one service: the time should hardly differ.</summary>
[MemoryDiagnoser]
public class RequestRoutingBenchmarks
{
    private readonly NoFields _fields = new();
    private RouteTable<int> _table = null!;
    private byte[] _path = [];

    [Params(10, 1000, 5000)] public int Rules { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = new(Enumerable.Range(0, Rules).Select(static number => new RouteEntry<int>(MatchOf(number), number)));
        _path = Encoding.ASCII.GetBytes($"/api/v1/team-{Rules - 1}/orders/17");
    }

    [Benchmark] public int Matching() => Find(_path);

    [Benchmark] public int MatchingNothing() => Find("/elsewhere/of/the/same/length"u8);

    // As users have them: a beginning of the path for each team, for some of them only certain methods.
    private static RouteMatch MatchOf(int number) => new()
    {
        Path = PathMatch.Segments($"/api/v1/team-{number}"), Method = number % 3 == 0 ? TextMatch.Exact("GET") : null,
    };

    private int Find(ReadOnlySpan<byte> path) =>
        _table.TryFind(new() { Method = "GET"u8, Path = path, Fields = _fields }, out var found) ? found.Action : -1;

    private sealed class NoFields : IRequestFields
    {
        public bool TryGet(string name, out ReadOnlySpan<byte> value)
        {
            value = default;
            return false;
        }
    }
}
