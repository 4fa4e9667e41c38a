namespace Ambient.Transport;

/// <summary>One call from another thread whose result goes back there.</summary>
internal sealed class LoopCall<T>(Func<ValueTask<T>> work)
{
    internal TaskCompletionSource<T> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal async void Start()
    {
        try
        {
            Result.SetResult(await work());
        }
        catch (Exception e)
        {
            Result.SetException(e);
        }
    }
}
