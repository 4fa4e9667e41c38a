using System.Text;
using Ambient.ControlPlane.Indexing.VirtualServices;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>A match of a root and one of its delegate, together.</summary>
public sealed class DelegatedMatchTests
{
    private static readonly string[] Paths = ["/", "/a", "/A", "/ab", "/a/b", "/b"], Methods = ["GET", "GETS", "PUT"], Namespaces = ["s", "t"];
    private static readonly string?[] Values = [null, "u", "uv", "uvw", "v"];

    private static readonly Request[] Requests =
        [.. from path in Paths.Concat(Paths.Select(static path => $"{path}c")) from method in Methods from ns in Namespaces from x in Values from y in Values from q in Values select new Request(path, method, ns, x, y, q)];

    public static TheoryData<PathMatch, PathMatch, bool> PathPairs => new()
    {
        { PathMatch.Prefix("/a"), PathMatch.Exact("/a/b"), true },
        { PathMatch.Prefix("/a"), PathMatch.Prefix("/ab"), true },
        { PathMatch.Prefix("/a"), PathMatch.Exact("/b"), false },
        { PathMatch.Prefix("/a/b"), PathMatch.Prefix("/a"), false },
        { PathMatch.Exact("/a"), PathMatch.Exact("/a"), true },
        { PathMatch.Exact("/a"), PathMatch.Exact("/a/b"), false },
        { PathMatch.Exact("/a"), PathMatch.Prefix("/a"), false },
        { PathMatch.Regex("/a.*"), PathMatch.Exact("/ab"), false },
        { PathMatch.Prefix("/a"), PathMatch.Regex("/a/.*"), false },
        { PathMatch.Regex("/a.*"), PathMatch.Regex("/a.*"), true },
        { PathMatch.Prefix("/a", ignoreCase: true), PathMatch.Exact("/A"), true },
        { PathMatch.Prefix("/a"), PathMatch.Exact("/a", ignoreCase: true), false },
    };

    [Theory, MemberData(nameof(PathPairs))]
    public void A_path_must_be_within_the_roots(PathMatch root, PathMatch own, bool isWithin)
    {
        Assert.Equal(isWithin ? own : null, DelegatedMatch.Of(new() { Path = root }, new() { Path = own })?.Path);
        Assert.Equal(root, DelegatedMatch.Of(new() { Path = root }, new())!.Path);
        Assert.Equal(own, DelegatedMatch.Of(new(), new() { Path = own })!.Path);
    }

    public static TheoryData<TextMatch, TextMatch, bool> TextPairs => new()
    {
        { TextMatch.Exact("u"), TextMatch.Exact("u"), true },
        { TextMatch.Exact("u"), TextMatch.Exact("v"), false },
        { TextMatch.Exact("u"), TextMatch.Present, false },
        { TextMatch.Present, TextMatch.Exact("u"), true },
        { TextMatch.Present, TextMatch.Regex("u+"), true },
        { TextMatch.Prefix("u"), TextMatch.Exact("uv"), true },
        { TextMatch.Prefix("uv"), TextMatch.Prefix("u"), false },
        { TextMatch.Regex("u.*"), TextMatch.Exact("uv"), false },
        { TextMatch.Regex("u.*"), TextMatch.Regex("u.*"), true },
    };

    [Theory, MemberData(nameof(TextPairs))]
    public void So_must_texts_of_the_same_thing(TextMatch root, TextMatch own, bool isWithin)
    {
        Assert.Equal(isWithin, DelegatedMatch.Of(new() { Method = root }, new() { Method = own }) is not null);
        Assert.Equal(isWithin, DelegatedMatch.Of(new() { Scheme = root }, new() { Scheme = own }) is not null);
        Assert.Equal(isWithin, DelegatedMatch.Of(new() { Authority = root }, new() { Authority = own }) is not null);
        Assert.Equal(isWithin, DelegatedMatch.Of(new() { Headers = [new("x", root)] }, new() { Headers = [new("x", own)] }) is not null);
        Assert.Equal(isWithin, DelegatedMatch.Of(new() { Query = [new("x", root)] }, new() { Query = [new("x", own)] }) is not null);
    }

    [Theory]
    [InlineData(0, 80, 80)]
    [InlineData(80, 0, 80)]
    [InlineData(80, 80, 80)]
    [InlineData(80, 81, null)]
    public void So_must_ports(int root, int own, int? merged) => Assert.Equal(merged, DelegatedMatch.Of(new() { Port = (ushort)root }, new() { Port = (ushort)own })?.Port);

    [Fact]
    public void What_is_said_of_different_things_is_asked_for_together()
    {
        var merged = DelegatedMatch.Of(
            new() { Path = PathMatch.Prefix("/a"), Headers = [new("x", TextMatch.Present), new("y", TextMatch.Exact("1"), Inverted: true)] },
            new() { Method = TextMatch.Exact("GET"), Headers = [new("z", TextMatch.Exact("2")), new("y", TextMatch.Exact("3"), Inverted: true)], Query = [new("q", TextMatch.Present)], SourceNamespace = "s" });

        Assert.Equal(new()
        {
            Path = PathMatch.Prefix("/a"), Method = TextMatch.Exact("GET"), Query = [new("q", TextMatch.Present)], SourceNamespace = "s",
            Headers = [new("x", TextMatch.Present), new("y", TextMatch.Exact("1"), Inverted: true), new("z", TextMatch.Exact("2")), new("y", TextMatch.Exact("3"), Inverted: true)],
        }, merged);
    }

    [Fact]
    public void Together_they_take_what_both_take_and_only_what_is_not_within_is_refused()
    {
        var (merged, refused) = (0, 0);
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var (root, own) = (Next(random), Next(random));
            var (ofRoot, ofOwn) = (Table(root), Table(own));
            if (DelegatedMatch.Of(root, own) is { } both)
            {
                merged++;
                var ofBoth = Table(both);
                foreach (var request in Requests) Assert.True(request.Passes(ofBoth) == (request.Passes(ofRoot) && request.Passes(ofOwn)), $"seed {seed}: {request} of {root} and {own}");
                continue;
            }
            refused++;
            var (asked, asks) = (Shared(root, own), Shared(own, root));
            if (HasExpression(asked) || HasExpression(asks)) continue;
            (ofRoot, ofOwn) = (Table(asked), Table(asks));
            Assert.True(Requests.Any(request => request.Passes(ofOwn) && !request.Passes(ofRoot)), $"seed {seed}: {own} is within {root}");
        }
        Assert.True(merged > 100 && refused > 100, $"{merged} merged, {refused} refused: the pairs are too thin to tell anything");
    }

    private static RouteMatch Next(Random random)
    {
        return new()
        {
            Path = random.Next(4) switch { 0 => PathMatch.Any, 1 => PathMatch.Exact(Pick(Paths), random.Next(3) == 0), 2 => PathMatch.Prefix(Pick(Paths), random.Next(3) == 0), _ => PathMatch.Regex("/a?b?") },
            Method = random.Next(3) switch { 0 => TextMatch.Exact(Pick(Methods)), 1 => TextMatch.Prefix("GET"), _ => null },
            SourceNamespace = random.Next(4) == 0 ? Pick("s", "t") : null,
            Headers = Enumerable.Range(0, random.Next(3)).Select(_ => new HeaderMatch(Pick("x", "y"), Text(), random.Next(3) == 0)).DistinctBy(static one => (one.Name, one.Inverted)).ToEquatableArray(),
            Query = random.Next(3) == 0 ? [new("q", Text())] : [],
        };

        TextMatch Text() => random.Next(5) switch { 0 => TextMatch.Present, 1 => TextMatch.Regex("u?v?"), 2 => TextMatch.Prefix(Pick("u", "uv")), _ => TextMatch.Exact(Pick("u", "uv", "v")) };

        T Pick<T>(params T[] items) => items[random.Next(items.Length)];
    }

    /// <summary>The part of a match that is about things of which the other says something too.</summary>
    private static RouteMatch Shared(RouteMatch match, RouteMatch other) => new()
    {
        Path = other.Path == PathMatch.Any ? PathMatch.Any : match.Path,
        Method = other.Method is null ? null : match.Method,
        SourceNamespace = other.SourceNamespace is null ? null : match.SourceNamespace,
        Headers = match.Headers.Where(one => !one.Inverted && other.Headers.Any(two => !two.Inverted && two.Name == one.Name)).ToEquatableArray(),
        Query = other.Query.IsEmpty ? [] : match.Query,
    };

    private static bool HasExpression(RouteMatch match) => match.Path.Kind == PathMatchKind.Regex || match.Headers.Any(static one => one.Value.Kind == TextMatchKind.Regex) || match.Query.Any(static one => one.Value.Kind == TextMatchKind.Regex);

    private static RouteTable<int> Table(RouteMatch match) => new([new(match, 0)]);

    private sealed record Request(string Path, string Method, string Namespace, string? X, string? Y, string? Q) : IRequestFields
    {
        private readonly byte[] _path = Encoding.ASCII.GetBytes(Path), _method = Encoding.ASCII.GetBytes(Method), _query = Q is null ? [] : Encoding.ASCII.GetBytes($"q={Q}");

        public bool Passes(RouteTable<int> table) => table.TryFind(new() { Path = _path, Method = _method, SourceNamespace = Namespace, Query = _query, Fields = this }, out _);

        bool IRequestFields.TryGet(string name, out ReadOnlySpan<byte> value)
        {
            var text = name == "x" ? X : Y;
            value = Encoding.ASCII.GetBytes(text ?? "");
            return text is not null;
        }
    }
}
