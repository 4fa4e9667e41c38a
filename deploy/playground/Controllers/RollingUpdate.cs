using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Controllers;

/// <summary>How many pods of the new and of the old ReplicaSets there should be next. Pure.</summary>
internal static class RollingUpdate
{
    /// <param name="Wanted">Pods that the set is asked for now.</param>
    /// <param name="Available">Pods of the set that are available.</param>
    public readonly record struct Set(long Wanted, long Available);

    /// <summary>maxSurge rounds up and maxUnavailable down; both zero would never get on, so one may be missing then.</summary>
    public static (long Surge, long Unavailable) Limits(JsonObject? strategy, long replicas)
    {
        var surge = Resolve(strategy.At("rollingUpdate", "maxSurge"), replicas, up: true);
        var unavailable = Resolve(strategy.At("rollingUpdate", "maxUnavailable"), replicas, up: false);
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }

    /// <returns>The next wanted number of the new set and of each old one.</returns>
    public static (long New, long[] Old) Next(long replicas, (long Surge, long Unavailable) limits, Set fresh, IReadOnlyList<Set> old)
    {
        var total = fresh.Wanted + old.Sum(set => set.Wanted);
        if (fresh.Wanted > replicas) return (replicas, [.. old.Select(set => set.Wanted)]);
        var room = Math.Max(0, replicas + limits.Surge - total);
        var next = fresh.Wanted + Math.Min(room, replicas - fresh.Wanted);
        if (next != fresh.Wanted) return (next, [.. old.Select(set => set.Wanted)]);

        var least = replicas - limits.Unavailable;
        var mayGo = total - least - (fresh.Wanted - fresh.Available);
        var result = old.Select(set => set.Wanted).ToArray();
        // Pods that do not work go first; they are missed by nobody.
        for (var i = 0; i < result.Length && mayGo > 0; i++)
        {
            var broken = Math.Min(mayGo, Math.Max(0, result[i] - old[i].Available));
            result[i] -= broken;
            mayGo -= broken;
        }
        var spare = fresh.Available + old.Sum(set => Math.Min(set.Available, set.Wanted)) - least;
        for (var i = 0; i < result.Length && spare > 0 && mayGo > 0; i++)
        {
            var go = Math.Min(Math.Min(result[i], spare), mayGo);
            result[i] -= go;
            spare -= go;
            mayGo -= go;
        }
        return (next, result);
    }

    private static long Resolve(JsonNode? value, long replicas, bool up)
    {
        if (value.Number() is { } number) return Math.Max(0, number);
        if (value.Text() is not { } text || !text.EndsWith('%') || !long.TryParse(text[..^1], out var percent)) return 0;
        return up ? (replicas * percent + 99) / 100 : replicas * percent / 100;
    }
}
