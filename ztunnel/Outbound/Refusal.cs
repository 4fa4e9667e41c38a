using Ambient.Model.Connections;

namespace Ambient.Ztunnel.Outbound;

/// <summary>Why a connection is not carried.</summary>
/// <param name="Detail">What in particular, for the access log; empty if the reason says it all.</param>
internal sealed record Refusal(ReasonCode Code, string Detail)
{
    public Reason Reason => Reason.Of(Code);

    public override string ToString() => Detail.Length == 0 ? Reason.Meaning : $"{Detail}: {Reason.Meaning}";
}
