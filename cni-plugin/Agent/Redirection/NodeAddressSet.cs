using Ambient.Model;

namespace Ambient.CniAgent.Redirection;

/// <summary>The addresses that programs of the node itself call from, sorted, as nft writes them.</summary>
internal sealed record NodeAddressSet(EquatableArray<string> V4, EquatableArray<string> V6)
{
    public static readonly NodeAddressSet Empty = new([], []);
}
