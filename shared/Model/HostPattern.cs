namespace Ambient.Model;

/// <summary>Names of hosts and wildcards of them (<c>*.example.com</c>, <c>*</c>), all in lower case.</summary>
public static class HostPattern
{
    public static bool IsWildcard(string host) => host.StartsWith('*');

    /// <summary>True if <paramref name="pattern"/> is that host, or a wildcard that stands for it, whatever the number of its labels.</summary>
    public static bool Covers(string pattern, string host) =>
        pattern == host || (IsWildcard(pattern) && host.Length > pattern.Length - 1 && host.EndsWith(pattern[1..], StringComparison.Ordinal));
}
