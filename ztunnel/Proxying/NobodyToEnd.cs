using Ambient.Model.Connections;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The owner of a connection that fails in the moment it is entered.</summary>
internal sealed class NobodyToEnd : IConnectionOwner
{
    public static readonly NobodyToEnd Instance = new();

    public void End(ReasonCode reason, string detail)
    {
        // It is closed in the same breath.
    }
}
