using System.Text;

namespace Ambient.Kubernetes.Client;

/// <summary>Which objects of a kind. Default: all of them, everywhere.</summary>
public record ObjectQuery
{
    /// <summary>Null for all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>As in <c>kubectl -l</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>As in <c>kubectl --field-selector</c>.</summary>
    public string? FieldSelector { get; init; }

    internal void Append(QueryText text)
    {
        if (LabelSelector is not null) text.Add("labelSelector", LabelSelector);
        if (FieldSelector is not null) text.Add("fieldSelector", FieldSelector);
    }
}

/// <summary>A list, read page by page.</summary>
public sealed record ListQuery : ObjectQuery
{
    /// <summary>Objects on one page; default 500. 0 asks for all at once, which is harder on the API server.</summary>
    public int PageSize { get; init; } = 500;
}

/// <summary>A watch of what happens after <see cref="ResourceVersion"/>.</summary>
public sealed record WatchQuery : ObjectQuery
{
    /// <summary>Of the list that the watch continues.</summary>
    public required string ResourceVersion { get; init; }

    /// <summary>When the API server ends the watch in good order. Default 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Builds the part after the question mark.</summary>
internal sealed class QueryText(string path)
{
    private readonly StringBuilder _text = new(path);
    private char _separator = '?';

    public QueryText Add(string name, string value)
    {
        _text.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
        _separator = '&';
        return this;
    }

    public override string ToString() => _text.ToString();
}
