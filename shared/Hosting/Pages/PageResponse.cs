using System.Text;

namespace Ambient.Hosting.Pages;

/// <summary>A page, whole in memory unless it says how it is written: these are pages for people and scrapers, not for the data path.</summary>
/// <param name="Allow">Methods for a 405, e.g. <c>POST</c>.</param>
public sealed record PageResponse(int Status, string ContentType, ReadOnlyMemory<byte> Body, string? Allow = null)
{
    /// <summary>Takes the place of <see cref="Body"/> where that may be large: writes it while it is sent.</summary>
    public Func<PageBody, Task>? WriteBodyAsync { get; init; }

    public const string PlainText = "text/plain; charset=utf-8";
    public const string Html = "text/html; charset=utf-8";
    public const string Json = "application/json";

    public static PageResponse Text(int status, string text, string contentType = PlainText) =>
        new(status, contentType, Encoding.UTF8.GetBytes(text));

    public static PageResponse NotFound(PageRequest request) =>
        Text(404, $"There is no page {request.Path} here.\n");

    public static PageResponse MethodNotAllowed(string allow, string? usage = null) =>
        Text(405, usage ?? $"Only {allow} is served here.\n") with { Allow = allow };
}

/// <summary>Answers requests, on the server's loop. May await other threads; throwing answers 500.</summary>
public delegate ValueTask<PageResponse> PageHandler(PageRequest request);
