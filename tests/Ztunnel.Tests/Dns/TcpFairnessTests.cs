using System.Net.Sockets;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>A client that asks over TCP as fast as it can shares its loop with others.</summary>
public sealed class TcpFairnessTests
{
    private const int Many = 1000;

    [Fact]
    public async Task Many_questions_of_one_connection_do_not_keep_others_waiting_until_all_are_answered()
    {
        var client = new SlowToFind();
        var answeredBefore = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1"]), DnsLab.Towards(upstream), client, null, (transport, family) =>
        {
            answeredBefore.TrySetResult(client.Asked);
            return DnsLab.OpenAsync(transport, family);
        });
        using var greedy = await lab.ConnectAsync();

        await greedy.SendAsync([.. Enumerable.Repeat(DnsMessages.Query("web", RecordType.A), Many)]);
        await client.Reached; // the loop stands still here
        var other = lab.Proxy.ResolveAsync("elsewhere.example", AddressFamily.InterNetwork);
        client.GoOn();

        Assert.InRange(await answeredBefore.Task, 1, Many / 2);
        await other;
    }

    /// <summary>A client whose first question stops the loop until the test lets it go on.</summary>
    private sealed class SlowToFind : IDnsClientSource
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _goOn = new();

        public Task Reached => _reached.Task;

        public int Asked { get; private set; }

        public Workload? Current
        {
            get
            {
                if (Asked++ == 0)
                {
                    _reached.SetResult();
                    _goOn.Wait();
                }
                return TestMesh.Client;
            }
        }

        public void GoOn() => _goOn.Set();

        public ValueTask<Workload?> WaitAsync() => new(TestMesh.Client);
    }
}
