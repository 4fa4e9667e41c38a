using System.Diagnostics.CodeAnalysis;

namespace Ambient.Model.Workloads;

/// <summary>What a service is known by: its namespace and host name, written <c>namespace/hostname</c>.</summary>
public readonly record struct ServiceKey(string Namespace, string Hostname)
{
    /// <summary>Splits at the first '/'; false if there is none or the host name is empty or has another.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ServiceKey key)
    {
        key = default;
        var slash = text?.IndexOf('/') ?? -1;
        if (slash < 0 || slash == text!.Length - 1 || text.IndexOf('/', slash + 1) >= 0) return false;
        key = new(text[..slash], text[(slash + 1)..]);
        return true;
    }

    public override string ToString() => $"{Namespace}/{Hostname}";
}
