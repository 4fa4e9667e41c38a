namespace Ambient.EndToEnd.Tests.Semantics;

internal enum Actor { Client, Server }

internal enum Deed { Send, Finish, Close, Reset }

/// <param name="Bytes">For <see cref="Deed.Send"/>.</param>
internal sealed record Act(Actor Who, Deed What, int Bytes);

/// <summary>What two applications do to one connection, one after the other.</summary>
internal sealed record Play(IReadOnlyList<Act> Acts)
{
    /// <summary>Each act is one that its actor can still do, and the last ones end the connection from both sides.</summary>
    public static Play Random(int seed)
    {
        var random = new Random(seed);
        var acts = new List<Act>();
        var maySend = new Dictionary<Actor, bool> { [Actor.Client] = true, [Actor.Server] = true };
        while (acts.Count < 12)
        {
            var who = (Actor)random.Next(2);
            var what = random.Next(10) switch { < 7 => Deed.Send, 7 => Deed.Finish, 8 => Deed.Close, _ => Deed.Reset };
            if (what is Deed.Send or Deed.Finish && !maySend[who]) continue;
            acts.Add(new(who, what, what == Deed.Send ? Size(random) : 0));
            if (what == Deed.Finish) maySend[who] = false;
            if (what is Deed.Close or Deed.Reset || !maySend.ContainsValue(true)) return new(acts);
        }
        acts.Add(new((Actor)random.Next(2), Deed.Close, 0));
        return new(acts);
    }

    public override string ToString() => string.Join(", ", Acts.Select(act => $"{act.Who} {act.What} {act.Bytes}"));

    // Small ones, ones around a record and a frame, and some that need several reads.
    private static int Size(Random random) => random.Next(4) switch
    {
        0 => random.Next(1, 100),
        1 => random.Next(16_000, 17_000),
        2 => random.Next(65_000, 66_500),
        _ => random.Next(100_000, 200_000),
    };
}
