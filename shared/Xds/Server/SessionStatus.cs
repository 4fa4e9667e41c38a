namespace Ambient.Xds.Server;

/// <summary>How one session stands, for people.</summary>
/// <param name="Rejections">What the client said of resources that it refused, the latest last.</param>
public sealed record SessionStatus(string Client, IReadOnlyList<SubscriptionStatus> Subscriptions, IReadOnlyList<string> Rejections);

/// <param name="IsWildcard">Everything is sent; else <paramref name="Keys"/> names are subscribed to.</param>
/// <param name="Sent">Resources sent, where that is counted (on demand).</param>
/// <param name="Behind">Changes of resources that the client has not been sent.</param>
/// <param name="Unacknowledged">A response is on its way.</param>
public sealed record SubscriptionStatus(string TypeUrl, bool IsWildcard, int Keys, int Sent, long Behind, bool Unacknowledged);
