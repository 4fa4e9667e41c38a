using System.Text;
using Ambient.Model.Routes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Routes;

public sealed class CanonicalPathTests
{
    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/", "/")]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/../", "/")]
    [InlineData("/a/b/../..", "/")]
    [InlineData("/../../a", "/a")]
    [InlineData("/./a/./b/.", "/a/b/")]
    [InlineData("/a/%2e%2E/b", "/b")]
    [InlineData("/a/.%2e/b", "/b")]
    [InlineData("/a\\..\\b", "/b")]
    [InlineData("/%61%7e%2Db", "/a~-b")]
    [InlineData("/a%2Fb%5cc", "/a%2Fb%5cc")]
    [InlineData("/a;x=1/..;/b", "/a;x=1/..;/b")]
    [InlineData("/...", "/...")]
    [InlineData("//a//b//", "//a//b//")]
    [InlineData("/a//../b", "/a/b")]
    [InlineData("/%25%32%65", "/%252e")]
    [InlineData("/\u00e9%c3%a9", "/\u00e9%c3%a9")]
    public void Base_follows_rfc_3986(string path, string expected) => Assert.Equal(expected, Canonical(path, PathNormalization.Base));

    [Theory]
    [InlineData("//a///b/", "/a/b/")]
    [InlineData("/a//../b", "/a/b")]
    [InlineData("/a/..//b", "/b")]
    [InlineData("/a%2F%2Fb", "/a%2F%2Fb")]
    [InlineData("\\\\a", null)]
    [InlineData("/\\a", "/a")]
    public void Slashes_are_merged_after_dot_segments_are_gone(string path, string? expected) =>
        Assert.Equal(expected, Canonical(path, PathNormalization.MergeSlashes));

    [Theory]
    [InlineData("/a%2Fb", "/a/b")]
    [InlineData("/a%2f..%5Cb", "/b")]
    [InlineData("/%2F%2e%2e%2Fa", "/a")]
    public void Encoded_slashes_are_decoded_first_where_that_is_asked_for(string path, string expected) =>
        Assert.Equal(expected, Canonical(path, PathNormalization.DecodeAndMergeSlashes));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("/%")]
    [InlineData("/%4")]
    [InlineData("/%4g")]
    [InlineData("/%%41")]
    [InlineData("/a%00")]
    public void What_has_no_form_is_refused_in_every_mode(string path) =>
        Assert.All(Enum.GetValues<PathNormalization>(), mode => Assert.Null(Canonical(path, mode)));

    [Fact]
    public void None_leaves_a_path_as_it_was_sent() => Assert.Equal("/a/../%41//\\b", Canonical("/a/../%41//\\b", PathNormalization.None));

    [Fact]
    public void A_form_has_nothing_left_to_normalise() =>
        Prop.ForAll(Paths, Gen.Elements(PathNormalization.Base, PathNormalization.MergeSlashes, PathNormalization.DecodeAndMergeSlashes).ToArbitrary(), (path, mode) =>
        {
            if (Canonical(path, mode) is not { } form) return true;
            var segments = form.Split('/');
            return form.StartsWith('/') && form.Length <= path.Length && !segments.Contains(".") && !segments.Contains("..") && !form.Contains('\\')
                && (mode == PathNormalization.Base || !form.Contains("//", StringComparison.Ordinal))
                && Canonical(form, mode) == form;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    private static Arbitrary<string> Paths { get; } =
        Gen.Elements("/", "/", "//", ".", "..", "\\", "%2e", "%2E", "%2f", "%5C", "%41", "%25", "%", "a", "b", ";", "~", "%00").ListOf()
            .Select(pieces => "/" + string.Concat(pieces)).ToArbitrary();

    private static string? Canonical(string path, PathNormalization mode)
    {
        var bytes = Encoding.Latin1.GetBytes(path);
        var output = new byte[bytes.Length];
        return CanonicalPath.TryWrite(bytes, mode, output, out var length) ? Encoding.Latin1.GetString(output, 0, length) : null;
    }
}
