using System.Text.Json;

namespace Ambient.CniPlugin;

/// <summary>What the agent is told: one HTTP/1.1 request. The names in the body are those that node agents of this kind have always read.</summary>
/// <param name="Limit">For the whole exchange.</param>
internal sealed record AgentRequest(string Method, string Path, byte[] Body, TimeSpan Limit)
{
    // ADD waits for the node proxy, which has 5 s; the others only ask.
    private static readonly TimeSpan AddLimit = TimeSpan.FromSeconds(10), QuickLimit = TimeSpan.FromSeconds(6);

    public static AgentRequest Add(CniArguments pod, CniVariables variables, IReadOnlyList<PodAddress> addresses) =>
        new("POST", "/cmdadd", PodBody(pod, variables.Netns, variables, addresses), AddLimit);

    public static AgentRequest Check(CniArguments pod, CniVariables variables, IReadOnlyList<PodAddress> addresses) =>
        new("POST", "/cmdcheck", PodBody(pod, variables.Netns, variables, addresses), QuickLimit);

    public static AgentRequest Delete(CniArguments pod, CniVariables variables) =>
        new("POST", "/cmddel", PodBody(pod, variables.NetnsIfAny, variables, []), QuickLimit);

    public static AgentRequest Collect(IReadOnlyList<string> validContainers) => new("POST", "/cmdgc", Write(json =>
    {
        json.WriteStartArray("ValidContainers");
        foreach (var id in validContainers)
            json.WriteStringValue(id);
        json.WriteEndArray();
    }), QuickLimit);

    private static byte[] PodBody(CniArguments pod, string netns, CniVariables variables, IReadOnlyList<PodAddress> addresses) => Write(json =>
    {
        json.WriteString("Netns", netns);
        json.WriteString("PodName", pod.PodName);
        json.WriteString("PodNamespace", pod.PodNamespace);
        json.WriteString("PodUid", pod.PodUid);
        json.WriteString("ContainerId", variables.ContainerId);
        json.WriteString("Interface", variables.Interface);
        json.WriteStartArray("IPs");
        foreach (var address in addresses)
            Write(json, address);
        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, PodAddress address)
    {
        json.WriteStartObject();
        if (address.Interface is { } index)
            json.WriteNumber("Interface", index);
        else
            json.WriteNull("Interface");
        json.WriteStartObject("Address");
        json.WriteString("IP", address.Address.ToString());
        json.WriteBase64String("Mask", address.Mask());
        json.WriteEndObject();
        json.WriteString("Gateway", address.Gateway);
        json.WriteEndObject();
    }

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
