using System.Net;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Access;

/// <summary>Finds out who asks: a bearer token says so; without one, the plain loopback listener is the administrator's.</summary>
internal sealed class Authenticator(TokenIssuer tokens, string administratorToken)
{
    /// <exception cref="StatusException">Unauthorized; Forbidden: may not act as somebody else.</exception>
    public Caller Authenticate(HttpContext context)
    {
        var caller = Own(context);
        var other = context.Request.Headers["Impersonate-User"].ToString();
        if (other.Length == 0) return caller;
        if (!caller.IsAdministrator)
            throw StatusException.Forbidden($"users \"{other}\" is forbidden: User \"{caller.Name}\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
        var groups = context.Request.Headers["Impersonate-Group"].OfType<string>().ToList();
        if (other.Split(':') is ["system", "serviceaccount", var ns, _]) groups.AddRange(["system:serviceaccounts", $"system:serviceaccounts:{ns}"]);
        if (!groups.Contains("system:authenticated")) groups.Add("system:authenticated");
        return new(other, "", groups, new Dictionary<string, IReadOnlyList<string>>());
    }

    private Caller Own(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            var token = header["Bearer ".Length..].Trim();
            if (System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
                System.Text.Encoding.UTF8.GetBytes(token), System.Text.Encoding.UTF8.GetBytes(administratorToken))) return Caller.Administrator;
            return tokens.Check(token, []).Caller ?? throw StatusException.Unauthorized();
        }
        var isLocal = context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);
        if (header.Length == 0 && !context.Request.IsHttps && isLocal) return Caller.Administrator;
        throw StatusException.Unauthorized();
    }
}
