using System.Net;
using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Filters;

/// <summary>What operators in header values stand for, of one request.</summary>
/// <param name="Request">Belongs to the exchange.</param>
/// <param name="Began">When it came.</param>
public sealed record FieldFacts(RequestHead Request, DateTimeOffset Began)
{
    /// <summary>Whose request it is, as far as those before us are trusted.</summary>
    public required IPEndPoint Client { get; init; }

    /// <summary>Who is connected to us.</summary>
    public required IPEndPoint Peer { get; init; }

    /// <summary>What was dialled.</summary>
    public required IPEndPoint Local { get; init; }

    /// <summary>Empty for a client without identity.</summary>
    public string ClientIdentity { get; init; } = "";

    public string OwnIdentity { get; init; } = "";

    public string HostName { get; init; } = "";

    public byte[] Scheme { get; init; } = [];

    /// <summary>Of the rule; may be empty.</summary>
    public string RouteName { get; init; } = "";
}
