using System.Net.Sockets;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Whatever happens to ztunnel, what enrolled pods say to each other is not on the wire in clear.</summary>
public sealed class FailClosedTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    [Fact]
    public async Task Nothing_leaks_while_ztunnel_is_killed_restarted_and_starting()
    {
        const string marker = "plaintext-that-nobody-may-see";
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        await using var capture = await fixture.Mesh.Network.CaptureAsync("fail-closed");
        using var stop = new CancellationTokenSource();
        var talkers = Enumerable.Range(0, 4).Select(_ => TalkAsync(fixture.Web, fixture.Cart, marker, stop.Token)).ToArray();

        foreach (var node in new[] { fixture.Here, fixture.There })
        {
            await Until.TrueAsync(() => Answered(talkers) > 0, "the pods talk");
            await node.Ztunnel.KillAsync();
            await RefusesAsync();
            node.BeginZtunnel(); // what is said while it starts is under test as well
            await node.ReadyAsync();
            Reset(talkers);
        }
        await Until.TrueAsync(() => Answered(talkers) > 0, "the pods talk again");
        await fixture.Here.RestartZtunnelAsync();
        Reset(talkers);
        await Until.TrueAsync(() => Answered(talkers) > 0, "the pods talk after an orderly restart");

        await stop.CancelAsync();
        await Task.WhenAll(talkers.Select(talker => talker.Task));
        await capture.FlushAsync();
        Assert.False(capture.Contains(Encoding.ASCII.GetBytes(marker)));
        Assert.Equal(0, await capture.CountAsync("tcp port 8080 and tcp[tcpflags] & tcp-push != 0"));
    }

    [Fact]
    public async Task A_pod_enrolled_while_no_ztunnel_runs_is_closed_until_one_does()
    {
        var pod = await fixture.Mesh.AddPodAsync(fixture.There, "early", "early", "shop");
        await using var server = PodServer.Echo(pod, 8081);
        await fixture.Mesh.PublishAsync();
        await fixture.There.Ztunnel.KillAsync();

        await fixture.There.RequestEnrolmentAsync(pod);
        await Until.TrueAsync(async () => await fixture.There.StatusAsync(pod) == "pending", "the pod waits for a ztunnel");

        Assert.True(await Conversation.IsRefusedAsync(() => fixture.PlainHere.ConnectAsync(pod.EndPoint(8081))));
        Assert.True(await Conversation.IsRefusedAsync(() => pod.ConnectAsync(fixture.PlainHere.EndPoint(8081))));

        await fixture.There.StartZtunnelAsync();
        await fixture.Mesh.EnrolAsync(pod);
        using var socket = await fixture.Web.ConnectAsync(pod.EndPoint(8081));
        Assert.Equal("open now", await socket.AskAsync("open now"));
    }

    private async Task RefusesAsync() =>
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080))));

    private static int Answered(Talker[] talkers) => talkers.Sum(talker => Volatile.Read(ref talker.Answers));

    private static void Reset(Talker[] talkers) => Array.ForEach(talkers, talker => Volatile.Write(ref talker.Answers, 0));

    // Says the marker over and over, on connections that live for a few words, and tries again when it is refused.
    private static Talker TalkAsync(LabPod from, LabPod to, string marker, CancellationToken stop)
    {
        var talker = new Talker();
        talker.Task = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    using var socket = await from.ConnectAsync(to.EndPoint(8080));
                    for (var i = 0; i < 20 && await socket.AskAsync(marker) == marker; i++) Interlocked.Increment(ref talker.Answers);
                }
                catch (Exception refusal) when (refusal is SocketException or OperationCanceledException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
                }
            }
        }, CancellationToken.None);
        return talker;
    }

    private sealed class Talker
    {
        public int Answers;
        public Task Task = Task.CompletedTask;
    }
}
