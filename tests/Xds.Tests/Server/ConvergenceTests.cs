using Ambient.Xds.Server;
using Ambient.Xds.Tests.Scenes;

namespace Ambient.Xds.Tests.Server;

/// <summary>
/// However changes, acknowledgements, rejections, subscriptions, broken streams and restarts of the server follow each other: once it is
/// quiet, each client holds what the server has.
/// </summary>
public sealed class ConvergenceTests
{
    private static readonly ClientKind[] Kinds = [new(false, true), new(false, true), new(false, false), new(true, true), new(true, false)];

    [Theory]
    [InlineData(1, 100_000, 1 << 20)]
    [InlineData(2, 100_000, 60)] // responses of a resource or two: first states and changes come in parts
    [InlineData(3, 3, 200)] // removals are forgotten early: clients fall behind
    public void Every_client_ends_with_what_there_is(int salt, int maxRemovals, int maxBytes)
    {
        for (var seed = 0; seed < 400; seed++) Play(seed * 10 + salt, maxRemovals, new() { MaxResponseBytes = maxBytes });
    }

    private static void Play(int seed, int maxRemovals, SessionOptions options)
    {
        var random = new Random(seed);
        var (table, contents) = (new ResourceTable(maxRemovals), new Dictionary<string, PublishedResource>());
        var view = new ResourceView(ResourceTypes.Address, table);
        var clients = Kinds.Select(static kind => new ModelClient(kind)).ToList();
        foreach (var client in clients)
        {
            client.IsBad = static resource => resource.Resource_.Value.Span[0] >= 8;
            client.Connect(view, options);
        }

        for (var step = 0; step < 150; step++)
        {
            var client = clients[random.Next(clients.Count)];
            switch (random.Next(20))
            {
                case < 5: Change(table, contents, random); break;
                case < 10: client.StepServer(); break;
                case < 15: client.StepClient(); break;
                case 15 when client.Kind.OnDemand: client.Demand(Key(random)); break;
                case 16 when client.Kind.OnDemand: client.GiveUp(Key(random)); break;
                case 17: client.Connect(view, options); break;
                case 18 when random.Next(4) == 0:
                    // The server starts again, or the clients go to another replica, which counts changes otherwise.
                    (table, view) = (new(maxRemovals), null!);
                    view = new(ResourceTypes.Address, table);
                    foreach (var resource in contents.Values.OrderBy(_ => random.Next())) table.Apply([resource], []);
                    foreach (var other in clients) other.Connect(view, options);
                    break;
            }
        }

        // What was rejected is corrected, and everything that is under way arrives.
        foreach (var bad in contents.Values.Where(static one => one.Payload.Span[0] >= 8).ToList())
            table.Apply([contents[bad.Name] = Resource(bad.Name, 0, random)], []);
        foreach (var client in clients)
        {
            for (var steps = 0; client.StepServer() | client.StepClient(); steps++) Assert.True(steps < 5000, $"seed {seed}: {client.Kind} is never done");
            Check(client, table, contents, seed);
        }
    }

    private static void Check(ModelClient client, ResourceTable table, Dictionary<string, PublishedResource> contents, int seed)
    {
        foreach (var (name, version) in client.Held)
            Assert.True(contents.TryGetValue(name, out var there) && VersionOf(there) == version, $"seed {seed}: {client.Kind} holds {name} {version}, which is not so");
        IEnumerable<PublishedResource> wanted = client.Kind.OnDemand ? client.Demanded.Append("node\nn1").SelectMany(table.Lookup) : contents.Values;
        foreach (var resource in wanted)
            Assert.True(client.Held.GetValueOrDefault(resource.Name) == VersionOf(resource), $"seed {seed}: {client.Kind} does not hold {resource.Name}");
    }

    private static void Change(ResourceTable table, Dictionary<string, PublishedResource> contents, Random random)
    {
        var (set, removed) = (new List<PublishedResource>(), new List<string>());
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var name = Name(random);
            if (random.Next(3) > 0) set.Add(Resource(name, random.Next(10), random));
            else removed.Add(name);
        }
        table.Apply(set, removed);
        foreach (var resource in set) contents[resource.Name] = resource;
        foreach (var name in removed) contents.Remove(name);
    }

    private static string Name(Random random) => random.Next(3) == 0 ? $"ns/svc{random.Next(3)}" : $"pod{random.Next(8)}";

    private static string Key(Random random) => random.Next(3) switch { 0 => $"/10.0.0.{random.Next(4)}", _ => Name(random) };

    // Content and keys change together: a resource's version says all of it.
    private static PublishedResource Resource(string name, int content, Random random)
    {
        var (address, service, node) = (random.Next(4), random.Next(3), random.Next(2));
        return new(name, [(byte)content, (byte)address, (byte)service, (byte)node, .. new byte[10]])
        {
            Aliases = [$"/10.0.0.{address}"],
            Memberships = name.StartsWith("pod", StringComparison.Ordinal) ? [$"ns/svc{service}", $"node\nn{node}"] : [],
            References = name.StartsWith("ns/", StringComparison.Ordinal) ? [name] : [],
        };
    }

    private static string VersionOf(PublishedResource resource) => resource.Version.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}
