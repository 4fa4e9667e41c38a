using System.Text.Json;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Leadership;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Allocation;

/// <summary>Gives hosts of ServiceEntries that have no address one of each family, in the object's <c>status.addresses</c>: a duty of the leader.</summary>
/// <param name="entries">Tells of changes; run by who owns it.</param>
internal sealed partial class AddressAllocator(
    ApiClient api, Informer<ServiceEntry> entries, IndexOptions options, TimeProvider time, ILogger<AddressAllocator> logger)
{
    public const string FieldManager = "ambient-ip-autoallocate";

    private readonly ChangedObjects _changed = new(time);
    private readonly HashSet<ObjectName> _waiting = []; // for an IPv4 address
    private bool _isFull;
    private long _freed;

    /// <summary>Addresses that hosts have, as this replica knows while it leads.</summary>
    public int Given { get; private set; }

    /// <summary>Follows the informer. Before it runs.</summary>
    public void Feed() => entries.AddHandler(change =>
    {
        _changed.Note(change.Name);
        return ValueTask.CompletedTask;
    });

    /// <summary>Gives addresses until <paramref name="stop"/> fires.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await entries.Synced.WaitAsync(stop);
        var book = new AddressBook();
        _waiting.Clear();
        (_isFull, _freed) = (false, 0);
        await _changed.RunAsync(() => Read(book), (name, cancel) => GiveAsync(book, name, cancel), stop);
    }

    // The oldest come first: should two say the same, the older keeps it.
    private IEnumerable<ObjectName> Read(AddressBook book)
    {
        var all = entries.All;
        foreach (var entry in all.Where(IsOurs)) book.Learn(entry, AllocatedHosts.Of(entry, options));
        return all.OrderBy(static entry => entry.Metadata.CreationTimestamp).Select(ObjectName.Of);
    }

    private async Task<bool> GiveAsync(AddressBook book, ObjectName name, CancellationToken stop)
    {
        var robbed = new List<ObjectName>();
        var isDone = await WriteAsync(book, name, robbed, stop);
        foreach (var other in robbed) _changed.Note(other);
        Given = book.Count;
        return isDone;
    }

    private async Task<bool> WriteAsync(AddressBook book, ObjectName name, List<ObjectName> robbed, CancellationToken stop)
    {
        if (entries.Find(name) is not { } entry || !IsOurs(entry))
        {
            book.Remove(name);
            Serve(book, name, isServed: true);
            return true;
        }
        var hosts = AllocatedHosts.Of(entry, options);
        Serve(book, name, book.Give(entry, hosts, robbed));
        var given = book.Of(name);
        if (IsSaid(entry, given)) return true;
        try
        {
            await api.ApplyStatusAsync(ResourceTypes.ServiceEntry, name, Write(name, given), FieldManager, force: true, stop);
            Log.Given(logger, name, given.Count);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound) { return true; } // it went meanwhile
        catch (ApiException e)
        {
            Log.NotWritten(logger, name, e.Message);
            return false;
        }
    }

    private bool IsOurs(ServiceEntry entry) => options.Owns(entry);

    // Others may have written addresses there that are none of our range: they are left alone as long as we have nothing to say.
    private static bool IsSaid(ServiceEntry entry, IReadOnlyList<HostAddress> given)
    {
        var written = (entry.Status?.Addresses ?? []).Select(static one => (one?.Host ?? "", one?.Value ?? "")).ToHashSet();
        return written.SetEquals(given.Select(static one => (one.Host, one.Address.ToString())))
            || (given.Count == 0 && !written.Any(static one => System.Net.IPAddress.TryParse(one.Item2, out var address) && AddressRanges.Contains(address)));
    }

    // One that waits is looked at after the other, until the range is full again.
    private void Serve(AddressBook book, ObjectName name, bool isServed)
    {
        if (book.Freed != _freed) (_isFull, _freed) = (false, book.Freed);
        if (isServed) _waiting.Remove(name);
        else
        {
            if (!_isFull) Log.Full(logger, name, AddressRanges.V4Size);
            _isFull = true;
            _waiting.Add(name);
        }
        if (_isFull || _waiting.Count == 0) return;
        var next = _waiting.First();
        _waiting.Remove(next);
        _changed.Note(next);
    }

    private static byte[] Write(ObjectName name, IReadOnlyList<HostAddress> given)
    {
        var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion"u8, ResourceTypes.ServiceEntry.ApiVersion);
            json.WriteString("kind"u8, ResourceTypes.ServiceEntry.Kind);
            json.WriteStartObject("metadata"u8);
            json.WriteString("name"u8, name.Name);
            json.WriteString("namespace"u8, name.Namespace);
            json.WriteEndObject();
            json.WriteStartObject("status"u8);
            if (given.Count > 0) WriteAddresses(json, given); // an empty status takes away what is ours
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return output.ToArray();
    }

    private static void WriteAddresses(Utf8JsonWriter json, IReadOnlyList<HostAddress> given)
    {
        json.WriteStartArray("addresses"u8);
        foreach (var one in given)
        {
            json.WriteStartObject();
            json.WriteString("value"u8, one.Address.ToString());
            json.WriteString("host"u8, one.Host);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1324.
    private static partial class Log
    {
        [LoggerMessage(1321, LogLevel.Information, "ServiceEntry {Name} has {Count} addresses of the mesh now")]
        public static partial void Given(ILogger logger, ObjectName name, int count);

        [LoggerMessage(1322, LogLevel.Warning, "Addresses of ServiceEntry {Name} could not be written, trying again: {Error}")]
        public static partial void NotWritten(ILogger logger, ObjectName name, string error);

        [LoggerMessage(1323, LogLevel.Error,
            "No IPv4 address is left for ServiceEntry {Name}: all {Limit} of 240.240.0.0/16 are in use. Give it spec.addresses, or label others networking.istio.io/enable-autoallocate-ip=false")]
        public static partial void Full(ILogger logger, ObjectName name, int limit);
    }
}
