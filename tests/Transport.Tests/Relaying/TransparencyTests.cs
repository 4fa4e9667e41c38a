using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Transport.Tests.Relaying;

/// <summary>What two applications do to each other looks the same with a relay between them as without.</summary>
public class TransparencyTests
{
    [Fact]
    public void Applications_cannot_tell_a_relay_from_a_direct_connection()
    {
        using var running = new RunningLoop();
        Prop.ForAll(Steps(), steps =>
        {
            var direct = RunDirect(steps);
            var relayed = RunRelayed(running, steps, direct);
            return relayed.SequenceEqual(direct).Label($"direct:\n{string.Join('\n', direct)}\nrelayed:\n{string.Join('\n', relayed)}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    internal enum Deed
    {
        Send,
        Receive,
        Finish,
        Close,
        Reset,
    }

    internal readonly record struct Step(bool ByClient, Deed Deed, int Bytes)
    {
        public override string ToString() => $"{(ByClient ? "client" : "server")} {Deed} {Bytes}";
    }

    private static Arbitrary<Step[]> Steps()
    {
        var deed = Gen.Frequency((6, Gen.Constant(Deed.Send)), (4, Gen.Constant(Deed.Receive)),
            (2, Gen.Constant(Deed.Finish)), (1, Gen.Constant(Deed.Close)), (1, Gen.Constant(Deed.Reset)));
        var step = from byClient in ArbMap.Default.GeneratorFor<bool>()
                   from action in deed
                   from bytes in Gen.Choose(1, 3000)
                   select new Step(byClient, action, bytes);
        return Gen.Choose(1, 12).SelectMany(count => step.ArrayOf(count)).ToArbitrary();
    }

    private static string[] RunDirect(Step[] steps)
    {
        var (first, second) = Connection.Open();
        using var client = new App(first);
        using var server = new App(second);
        return [.. Play(steps, client, server, static _ => { })];
    }

    // The relay needs a moment after each step; it is over when both ends look as they do without it, or never do.
    private static string[] RunRelayed(RunningLoop running, Step[] steps, string[] expected)
    {
        using var relayed = Relayed.StartAsync(running).GetAwaiter().GetResult();
        return [.. Play(steps, relayed.Client, relayed.Server, step =>
        {
            var started = Stopwatch.GetTimestamp();
            while (Look(relayed.Client, relayed.Server) != Looks(expected[step]) && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5))
                running.RunAsync(() => { }).Wait();
        })];
    }

    private static IEnumerable<string> Play(Step[] steps, App client, App server, Action<int> settle)
    {
        for (var i = 0; i < steps.Length; i++)
        {
            var result = Do(steps[i], steps[i].ByClient ? client : server);
            settle(i);
            yield return $"{steps[i]} = {result}: {Look(client, server)}";
        }
    }

    private static string Look(App client, App server) => $"client {client.Look()}; server {server.Look()}";

    private static string Looks(string line) => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..];

    private static string Do(Step step, App app)
    {
        if (app.IsClosed)
            return "already closed";
        switch (step.Deed)
        {
            case Deed.Send:
                return $"{app.TrySend(new byte[step.Bytes])}";
            case Deed.Receive:
                return $"{app.TryReceive(new byte[step.Bytes])}";
            case Deed.Finish:
                app.Finish();
                return "done";
            case Deed.Close:
                app.Close();
                return "done";
            default:
                app.Reset();
                return "done";
        }
    }
}
