using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Ambient.CniPlugin;

/// <summary>
/// One address of the sandbox, as the plugins before this one assigned it (CNI specification, "Success": <c>ips</c>; before 0.3.0 <c>ip4</c> and <c>ip6</c>).
/// </summary>
/// <param name="Interface">Index into the result's interfaces, if given.</param>
/// <param name="Gateway">Empty if there is none.</param>
internal sealed record PodAddress(int? Interface, IPAddress Address, int PrefixLength, string Gateway)
{
    private const int MaxAddresses = 64;

    /// <exception cref="CniException">An entry is not what the specification says.</exception>
    public static IReadOnlyList<PodAddress> ReadAll(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Object)
            throw Invalid("it is no object");
        if (!result.TryGetProperty("ips", out var ips) || ips.ValueKind == JsonValueKind.Null)
            return [.. Single(result, "ip4"), .. Single(result, "ip6")];
        if (ips.ValueKind != JsonValueKind.Array || ips.GetArrayLength() > MaxAddresses)
            throw Invalid($"ips is no list of at most {MaxAddresses}");
        return [.. ips.EnumerateArray().Select(static ip => Read(ip, "address"))];
    }

    /// <summary>Its network mask as bytes, most significant first.</summary>
    public byte[] Mask()
    {
        var mask = new byte[Address.AddressFamily == AddressFamily.InterNetwork ? 4 : 16];
        for (var bit = 0; bit < PrefixLength; bit++)
            mask[bit / 8] |= (byte)(0x80 >> bit % 8);
        return mask;
    }

    private static PodAddress[] Single(JsonElement result, string name) =>
        result.TryGetProperty(name, out var ip) && ip.ValueKind != JsonValueKind.Null ? [Read(ip, "ip")] : [];

    private static PodAddress Read(JsonElement ip, string field)
    {
        if (ip.ValueKind != JsonValueKind.Object || Text(ip, field) is not { } text)
            throw Invalid("an entry of its addresses has none");
        var slash = text.IndexOf('/');
        if (slash < 0 || !IPAddress.TryParse(text[..slash], out var address) || !byte.TryParse(text[(slash + 1)..], out var length)
            || length > (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))
            throw Invalid($"'{Shown.Of(text)}' is no address with prefix length, such as 10.0.0.5/24");
        int? index = ip.TryGetProperty("interface", out var at) && at.ValueKind == JsonValueKind.Number && at.TryGetInt32(out var number) ? number : null;
        return new PodAddress(index, address, length, Text(ip, "gateway") ?? "");
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static CniException Invalid(string what) =>
        new(CniErrorCode.InvalidConfiguration, $"prevResult is not a result of a plugin: {what}", "Does the plugin before this one follow the CNI specification?");
}
