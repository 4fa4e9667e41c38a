using System.Net;
using Ambient.Model.Connections;
using Ambient.TestKit;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Tests.Connections;

public sealed class ConnectionLedgerTests : IDisposable
{
    private readonly LedgerScene _scene = new(workers: 2, filter: "off");

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task What_is_open_on_all_workers_is_listed_until_it_closes()
    {
        var first = await OpenAsync(0, _scene.Inbound);
        await OpenAsync(0, _scene.Outbound);
        await OpenAsync(1, _scene.Outbound);
        Assert.Equal(3, _scene.Ledgers.Count);
        Assert.Equal([Direction.Inbound, Direction.Outbound, Direction.Outbound], (await _scene.SnapshotAsync()).Select(connection => connection.Facts.Direction).Order().Reverse());

        await _scene.OnAsync(0, ledger =>
        {
            ledger.Close(first, ReasonCode.Completed);
            ledger.Close(first, ReasonCode.Completed);
            return 0;
        });

        Assert.Equal(2, _scene.Ledgers.Count);
        Assert.All(await _scene.SnapshotAsync(), connection => Assert.Equal(Direction.Outbound, connection.Facts.Direction));
    }

    [Fact]
    public async Task Closing_in_any_order_leaves_the_others_listed()
    {
        var random = new Random(7);
        var open = new List<OpenConnection>();
        for (var round = 0; round < 300; round++)
        {
            if (open.Count == 0 || random.Next(3) > 0) open.Add(await OpenAsync(0, _scene.Outbound));
            else
            {
                var victim = open[random.Next(open.Count)];
                open.Remove(victim);
                await _scene.OnAsync(0, ledger =>
                {
                    ledger.Close(victim, ReasonCode.Completed);
                    return 0;
                });
            }
        }

        var listed = await _scene.OnAsync(0, ledger => ledger.List(Direction.Outbound).ToList());
        Assert.Equal(open.AsEnumerable().Reverse(), listed);
    }

    [Fact]
    public async Task A_change_of_policy_ends_the_inbound_connections_that_are_no_longer_allowed()
    {
        var owners = new List<RecordingOwner>();
        for (var i = 0; i < 4; i++)
        {
            var owner = new RecordingOwner();
            owners.Add(owner);
            await OpenAsync(0, _scene.Inbound with { Source = new(IPAddress.Loopback, 1000 + i) }, owner);
        }

        var outbound = new RecordingOwner();
        await OpenAsync(0, _scene.Outbound, outbound);

        var ended = await _scene.OnAsync(0, ledger =>
            ledger.Rejudge(connection => connection.Facts.Source!.Port % 2 == 0 ? ReasonCode.PolicyChanged : ReasonCode.None));

        Assert.Equal(2, ended);
        Assert.Equal([ReasonCode.PolicyChanged, ReasonCode.None, ReasonCode.PolicyChanged, ReasonCode.None], owners.Select(owner => owner.Ended));
        Assert.Equal(ReasonCode.None, outbound.Ended);
        Assert.Equal(3, _scene.Ledgers.Count);
    }

    [Fact]
    public async Task Opening_and_closing_allocate_one_small_record()
    {
        var facts = _scene.Outbound;
        var owner = new RecordingOwner();
        var bytes = new ByteCounters();

        var allocated = await _scene.OnAsync(0, ledger => Allocations.Of(() =>
        {
            var connection = ledger.Open(facts, bytes, owner);
            ledger.Close(connection, ReasonCode.Completed);
        }, times: 100));

        Assert.InRange(allocated / 100, 1, 250);
    }

    [Fact]
    public async Task A_worker_that_does_not_answer_is_left_out()
    {
        await OpenAsync(0, _scene.Outbound);
        await OpenAsync(1, _scene.Outbound);
        var release = new ManualResetEventSlim();
        var entered = new ManualResetEventSlim();
        _scene.Ledgers.All[1].Loop.Post(() =>
        {
            entered.Set();
            release.Wait();
        });
        entered.Wait();

        var listed = await _scene.SnapshotAsync();
        release.Set();

        Assert.Single(listed);
    }

    private Task<OpenConnection> OpenAsync(int worker, ConnectionFacts facts, RecordingOwner? owner = null) =>
        _scene.OnAsync(worker, ledger =>
        {
            owner ??= new RecordingOwner();
            var connection = ledger.Open(facts, new ByteCounters(), owner);
            (owner.Connection, owner.Ledger) = (connection, ledger);
            return connection;
        });
}
