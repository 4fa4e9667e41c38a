using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Grpc.Channel;

/// <summary>Decides whether a certificate proves to be the server that was dialled.</summary>
internal sealed class ServerVerification(string host, string? alternativeHostName, ServerRoots roots)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1"); // RFC 5280 §4.2.1.12

    /// <summary>For <see cref="SslClientAuthenticationOptions.RemoteCertificateValidationCallback"/>.</summary>
    /// <exception cref="AuthenticationException">It does not; says why. Thrown, as the callback's plain "no" would not say it.</exception>
    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 server) throw new AuthenticationException("The server has no certificate.");
        if (!HasName(server)) throw new AuthenticationException($"The server's certificate is not for {Names()}.");

        var trusted = LoadRoots();
        if (trusted is null)
            return (errors & SslPolicyErrors.RemoteCertificateChainErrors) == 0
                ? true
                : throw new AuthenticationException("The server's certificate is not issued by an authority that this machine trusts.");
        try { CheckChain(server, chain, trusted); }
        finally { foreach (var root in trusted) root.Dispose(); }
        return true;
    }

    private X509Certificate2Collection? LoadRoots()
    {
        try { return roots.Load(); }
        catch (RpcException exception) { throw new AuthenticationException(exception.Detail, exception); }
    }

    private bool HasName(X509Certificate2 server) =>
        server.MatchesHostname(host, allowCommonName: false)
        || (alternativeHostName is not null && server.MatchesHostname(alternativeHostName, allowCommonName: false));

    private string Names() => alternativeHostName is null ? host : $"{host} or {alternativeHostName}";

    private static void CheckChain(X509Certificate2 server, X509Chain? presented, X509Certificate2Collection roots)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        if (presented is not null) chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        var sound = chain.Build(server);
        var why = string.Join("; ", chain.ChainStatus.Select(static status => status.StatusInformation.Trim()));
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
        if (!sound) throw new AuthenticationException($"The server's certificate is not trusted: {why}");
    }
}
