using System.Text;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>A match of a route that delegates, and one of the delegate → the match of the requests that pass both. Pure.</summary>
/// <remarks>Each test of the delegate must be within the root's of the same thing; of regular expressions only those that are equal are known to be.</remarks>
internal static class DelegatedMatch
{
    /// <returns>Null if the delegate's is not within the root's.</returns>
    public static RouteMatch? Of(RouteMatch root, RouteMatch own) => !IsWithin(root, own) ? null : own with
    {
        Path = own.Path == PathMatch.Any ? root.Path : own.Path,
        Port = own.Port == 0 ? root.Port : own.Port,
        Method = own.Method ?? root.Method,
        Scheme = own.Scheme ?? root.Scheme,
        Authority = own.Authority ?? root.Authority,
        SourceNamespace = own.SourceNamespace ?? root.SourceNamespace,
        Headers = root.Headers.Concat(own.Headers).Distinct().ToEquatableArray(),
        Query = root.Query.Concat(own.Query).Distinct().ToEquatableArray(),
    };

    // What headers must not be is not compared: both can be asked for.
    private static bool IsWithin(RouteMatch root, RouteMatch own) =>
        IsWithin(root.Path, own.Path) && IsWithin(root.Method, own.Method) && IsWithin(root.Scheme, own.Scheme) && IsWithin(root.Authority, own.Authority)
        && (root.Port == 0 || own.Port == 0 || root.Port == own.Port)
        && (root.SourceNamespace is null || own.SourceNamespace is null || root.SourceNamespace == own.SourceNamespace)
        && own.Headers.All(one => one.Inverted || root.Headers.All(other => other.Inverted || other.Name != one.Name || IsWithin(other.Value, one.Value)))
        && own.Query.All(one => root.Query.All(other => other.Name != one.Name || IsWithin(other.Value, one.Value)));

    private static bool IsWithin(PathMatch root, PathMatch own) =>
        root == PathMatch.Any || own == PathMatch.Any || root == own
        || ((root.Kind, own.Kind) is (PathMatchKind.Exact, PathMatchKind.Exact) or (PathMatchKind.Prefix, PathMatchKind.Exact or PathMatchKind.Prefix)
            && (own.IgnoreCase ? root.IsMatch(Bytes(own.Text.ToLowerInvariant())) && root.IsMatch(Bytes(own.Text.ToUpperInvariant())) : root.IsMatch(Bytes(own.Text))));

    private static bool IsWithin(TextMatch? root, TextMatch? own) =>
        root is null || own is null || root == own || root.Kind == TextMatchKind.Present
        || ((root.Kind, own.Kind) is (TextMatchKind.Exact, TextMatchKind.Exact) or (TextMatchKind.Prefix, TextMatchKind.Exact or TextMatchKind.Prefix)
            && root.IsMatch(Bytes(own.Text)));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
