using System.Text;
using Ambient.Model.Routes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Routes;

public sealed class RouteTableTests
{
    private static readonly DateTimeOffset Old = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("/abc", "/abc", true)]
    [InlineData("/abc/", "/abc", true)]
    [InlineData("/abc", "/abc/", true)]
    [InlineData("/abc", "/abc/d", true)]
    [InlineData("/abc", "/abcd", false)]
    [InlineData("/abc", "/ABC", false)]
    [InlineData("/", "/anything/at/all", true)]
    public void Segments_match_whole_segments(string prefix, string path, bool matches) =>
        Assert.Equal(matches, Find(Table(new RouteMatch { Path = PathMatch.Segments(prefix) }), path) == 0);

    [Fact]
    public void A_text_prefix_matches_within_a_segment()
    {
        var table = Table(new RouteMatch { Path = PathMatch.Prefix("/v2") });

        Assert.Equal(0, Find(table, "/v2example"));
        Assert.Null(Find(table, "/v1"));
    }

    [Fact]
    public void Case_is_ignored_only_where_that_is_asked_for()
    {
        var table = Table(new RouteMatch { Path = PathMatch.Exact("/A", ignoreCase: true) }, new RouteMatch { Path = PathMatch.Prefix("/B", ignoreCase: true) });

        Assert.Equal((0, 1, null), (Find(table, "/a"), Find(table, "/bcd"), Find(table, "/c")));
    }

    [Fact]
    public void A_regular_expression_must_match_the_whole_path()
    {
        var table = Table(new RouteMatch { Path = PathMatch.Regex("/v[0-9]+|/x") });

        Assert.Equal((0, null, null), (Find(table, "/v12"), Find(table, "/v12/a"), Find(table, "/xy")));
    }

    [Theory]
    [InlineData("(a)\\1")]
    [InlineData("(?=a)b")]
    [InlineData("(")]
    public void A_regular_expression_that_could_run_away_is_refused(string pattern) =>
        Assert.ThrowsAny<ArgumentException>(() => TextMatch.Regex(pattern));

    [Fact]
    public void A_regular_expression_takes_linear_time()
    {
        var evil = TextMatch.Regex("(a+)+b");

        Assert.False(evil.IsMatch(Encoding.ASCII.GetBytes(new string('a', TextMatch.MaxRegexInput)))); // ends at all: backtracking would not
        Assert.False(evil.IsMatch(new byte[TextMatch.MaxRegexInput + 1]));
    }

    [Fact]
    public void A_header_that_must_not_be_there_counts_as_empty_when_absent()
    {
        var table = Table(
            new RouteMatch { Headers = [new("x", TextMatch.Exact("a"), Inverted: true), new("y", TextMatch.Present, Inverted: true)] });

        Assert.Equal(0, Find(table, "/"));
        Assert.Equal(0, Find(table, "/", headers: new() { ["x"] = "b" }));
        Assert.Null(Find(table, "/", headers: new() { ["x"] = "a" }));
        Assert.Null(Find(table, "/", headers: new() { ["y"] = "" }));
    }

    [Theory]
    [InlineData("a=1", true)]
    [InlineData("b=2&a=1", true)]
    [InlineData("a=2&a=1", false)] // the first counts
    [InlineData("A=1", false)]
    [InlineData("a", false)]
    [InlineData("", false)]
    public void A_query_parameter_is_compared_with_case_and_the_first_counts(string query, bool matches) =>
        Assert.Equal(matches, Find(Table(new RouteMatch { Query = [new("a", TextMatch.Exact("1"))] }), "/", query) == 0);

    // The proofs of the conformance suite: path before method before header, longer path before query.
    [Fact]
    public void Gateway_api_tries_the_more_specific_match_first()
    {
        (RouteMatch Match, RouteOrigin Origin)[] entries =
        [
            (new() { Path = PathMatch.Regex("/exact.*") }, new(Old, "a/a", 0)),
            (new() { Path = PathMatch.Segments("/") , Headers = [new("version", TextMatch.Exact("four"))] }, new(Old, "a/a", 1)),
            (new() { Path = PathMatch.Segments("/"), Method = TextMatch.Exact("PATCH") }, new(Old, "a/a", 2)),
            (new() { Path = PathMatch.Segments("/path5") }, new(Old, "a/a", 3)),
            (new() { Path = PathMatch.Segments("/"), Query = [new("animal", TextMatch.Exact("whale"))] }, new(Old, "a/a", 4)),
            (new() { Path = PathMatch.Exact("/exact") }, new(Old, "a/a", 5)),
            (new() { Path = PathMatch.Segments("/exact") }, new(Old, "a/a", 6)),
            (new(), new(Old.AddDays(1), "a/a", 0)),
            (new(), new(Old, "b/a", 0)),
            (new(), new(Old, "a/b", 0)),
        ];
        var sorted = entries.Order(RoutePrecedence.Instance).ToList();
        var table = new RouteTable<RouteOrigin>(sorted.Select(entry => new RouteEntry<RouteOrigin>(entry.Match, entry.Origin)));

        Assert.Equal(5, Origin("/exact").Rule);
        Assert.Equal(6, Origin("/exact/x").Rule);
        Assert.Equal(3, Origin("/path5", method: "PATCH").Rule);
        Assert.Equal(2, Origin("/", method: "PATCH", headers: new() { ["version"] = "four" }).Rule);
        Assert.Equal(1, Origin("/", query: "animal=whale", headers: new() { ["version"] = "four" }).Rule);
        Assert.Equal(4, Origin("/", query: "animal=whale").Rule);
        Assert.Equal(new RouteOrigin(Old, "a/b", 0), Origin("/")); // older before younger, then by name
        return;

        RouteOrigin Origin(string path, string query = "", string method = "GET", Dictionary<string, string>? headers = null)
        {
            Assert.True(table.TryFind(Request(path, query, method, headers), out var found));
            return found.Action;
        }
    }

    [Fact]
    public void The_table_agrees_with_trying_one_after_another() =>
        Prop.ForAll(Matches.ListOf().ToArbitrary(), Requests.ToArbitrary(), (matches, request) =>
        {
            var table = Table([.. matches]);
            var plain = matches.ToList().FindIndex(match => IsMatchPlainly(match, request.Path, request.Method, request.Header));
            var headers = request.Header is null ? null : new Dictionary<string, string> { ["h"] = request.Header };
            return (Find(table, request.Path, method: request.Method, headers: headers) ?? -1) == plain;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void A_path_of_many_slashes_is_looked_up_without_harm()
    {
        var table = Table(new RouteMatch { Path = PathMatch.Segments("/a/b") });

        Assert.Null(Find(table, new string('/', 60_000)));
        Assert.Equal(0, Find(table, "/a/b" + new string('/', 60_000)));
    }

    private static readonly string[] Paths = ["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c", "/b", "/A"];

    private static Gen<RouteMatch> Matches =>
        from path in Gen.Elements(Paths)
        from kind in Gen.Choose(0, 5)
        from method in Gen.Elements(null, "GET", "POST")
        from header in Gen.Elements(null, "1", "2")
        select new RouteMatch
        {
            Path = kind switch
            {
                0 => PathMatch.Exact(path),
                1 => PathMatch.Segments(path),
                2 => PathMatch.Prefix(path),
                3 => PathMatch.Regex(path + ".?"),
                4 => PathMatch.Prefix(path, ignoreCase: true),
                _ => PathMatch.Exact(path, ignoreCase: true),
            },
            Method = method is null ? null : TextMatch.Exact(method),
            Headers = header is null ? [] : [new("h", TextMatch.Exact(header))],
        };

    private static Gen<(string Path, string Method, string? Header)> Requests =>
        from path in Gen.Elements([.. Paths, "/a/bc", "/x", "/a//b"])
        from method in Gen.Elements("GET", "POST", "PUT")
        from header in Gen.Elements(null, "1", "2", "3")
        select (path, method, header);

    // Written from the reference, not from the table.
    private static bool IsMatchPlainly(RouteMatch match, string path, string method, string? header)
    {
        var text = match.Path.Text;
        var comparison = match.Path.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        var matches = match.Path.Kind switch
        {
            PathMatchKind.Exact => string.Equals(path, text, comparison),
            PathMatchKind.Prefix => path.StartsWith(text, comparison),
            PathMatchKind.Segments => path == text || path.StartsWith(text + "/", StringComparison.Ordinal),
            _ => path.StartsWith(text[..^2], StringComparison.Ordinal) && path.Length <= text.Length - 1,
        };
        return matches && (match.Method is null || match.Method.Text == method) && (match.Headers.IsEmpty || match.Headers[0].Value.Text == header);
    }

    private static RouteTable<int> Table(params RouteMatch[] matches) => new(matches.Select((match, number) => new RouteEntry<int>(match, number)));

    private static int? Find(RouteTable<int> table, string path, string query = "", string method = "GET", Dictionary<string, string>? headers = null) =>
        table.TryFind(Request(path, query, method, headers), out var found) ? found.Action : null;

    private static RouteRequest Request(string path, string query, string method, Dictionary<string, string>? headers) => new()
    {
        Method = Encoding.ASCII.GetBytes(method), Path = Encoding.ASCII.GetBytes(path), Query = Encoding.ASCII.GetBytes(query), Fields = new Fields(headers ?? []),
    };

    private sealed class Fields(Dictionary<string, string> values) : IRequestFields
    {
        public bool TryGet(string name, out ReadOnlySpan<byte> value)
        {
            var isThere = values.TryGetValue(name, out var text);
            value = Encoding.ASCII.GetBytes(text ?? "");
            return isThere;
        }
    }
}
