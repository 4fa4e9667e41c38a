using Ambient.Model.Balancing;

namespace Ambient.Ztunnel.Dns.Naming;

/// <summary>The service that a name stands for.</summary>
/// <param name="Service">Visible to the client.</param>
/// <param name="AliasLength">
/// Above 0 if the client's resolver had appended a search domain: the name proper is the first so many characters of what
/// was asked, and the answer says so with a CNAME.
/// </param>
internal readonly record struct NameMatch(ServiceEntry Service, int AliasLength);
