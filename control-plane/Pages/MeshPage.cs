using System.Text.Json;
using Ambient.ControlPlane.Distribution;
using Ambient.ControlPlane.Indexing;
using Ambient.Hosting.Pages;
using Ambient.Protos.Security;
using Ambient.Protos.Traffic;
using Ambient.Xds.Server;
using Google.Protobuf;
using Address = Ambient.Protos.Workloads.Address;

namespace Ambient.ControlPlane.Pages;

/// <summary>The mesh as proxies see it, and what is wrong with objects.</summary>
internal static class MeshPage
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default);

    /// <param name="only">A uid, <c>namespace/hostname</c> or <c>network/ip</c>; empty for everything.</param>
    public static PageResponse Of(MeshResources mesh, string only) => JsonPage.Of(json =>
    {
        json.WriteStartObject();
        if (only.Length > 0) WriteAddresses("addresses", mesh.Lookup(only));
        else
        {
            WriteAddresses("addresses", mesh.Addresses);
            json.WriteStartArray("policies"u8);
            foreach (var policy in Sorted(mesh.Policies)) Write(json, Authorization.Parser.ParseFrom(policy.Payload.Span));
            json.WriteEndArray();
            json.WriteStartArray("traffic"u8);
            foreach (var resource in Sorted(mesh.Traffic)) Write(json, Resource.Parser.ParseFrom(resource.Payload.Span));
            json.WriteEndArray();
        }

        json.WriteEndObject();

        void WriteAddresses(string name, IEnumerable<PublishedResource> addresses)
        {
            json.WriteStartArray(name);
            foreach (var address in Sorted(addresses)) Write(json, Address.Parser.ParseFrom(address.Payload.Span));
            json.WriteEndArray();
        }
    });

    public static PageResponse OfDiagnostics(IEnumerable<Diagnostic> diagnostics) => JsonPage.Of(json =>
    {
        json.WriteStartArray();
        foreach (var found in diagnostics)
        {
            json.WriteStartObject();
            json.WriteString("kind"u8, found.Kind);
            json.WriteString("object"u8, found.Object.ToString());
            json.WriteString("field"u8, found.Field);
            json.WriteString("problem"u8, found.Problem);
            json.WriteString("nextStep"u8, found.NextStep);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, IMessage message) => AddressText.Readable(Formatter.Format(message)).WriteTo(json);

    private static IEnumerable<PublishedResource> Sorted(IEnumerable<PublishedResource> resources) =>
        resources.OrderBy(static resource => resource.Name, StringComparer.Ordinal);
}
