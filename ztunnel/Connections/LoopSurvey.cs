using Ambient.Transport;

namespace Ambient.Ztunnel.Connections;

/// <summary>Asks several event loops the same question and waits for the answers, on a loop and without the thread pool.</summary>
internal static class LoopSurvey
{
    /// <summary>Answers in the order they came; those that had not come when patience ended are missing. On an event loop only.</summary>
    public static async ValueTask<IReadOnlyList<TAnswer>> AskAsync<TAsked, TAnswer>(
        IReadOnlyCollection<TAsked> asked, Func<TAsked, EventLoop> loopOf, Func<TAsked, TAnswer> question, TimeSpan patience)
    {
        var asking = EventLoop.Current ?? throw new InvalidOperationException("Only an event loop may ask others.");
        if (asked.Count == 0) return [];

        var answers = new List<TAnswer>(asked.Count);
        var complete = new TaskCompletionSource();
        foreach (var one in asked)
        {
            loopOf(one).Post(() =>
            {
                var answer = question(one);
                asking.Post(() =>
                {
                    answers.Add(answer);
                    if (answers.Count == asked.Count) complete.TrySetResult();
                });
            });
        }

        var timer = asking.StartTimer(patience, static complete => ((TaskCompletionSource)complete!).TrySetResult(), complete);
        await complete.Task;
        timer.Cancel();
        return [.. answers]; // a late one may still be added to the list
    }
}
