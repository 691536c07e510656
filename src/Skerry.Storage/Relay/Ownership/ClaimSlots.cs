namespace Skerry.Storage.Relay.Ownership;

/// <summary>
/// Lets a limited number of claims go on at a time; those that somebody waits for go before those made in advance,
/// each kind in the order of asking. On the loop only.
/// </summary>
internal sealed class ClaimSlots(int slots)
{
    private readonly LinkedList<TaskCompletionSource> _requested = [];
    private readonly LinkedList<TaskCompletionSource> _background = [];
    private int _free = slots;

    /// <summary>Waits for a slot; <see cref="Leave"/> gives it back.</summary>
    public async Task EnterAsync(bool requested, CancellationToken cancel)
    {
        if (_free > 0)
        {
            _free--;
            return;
        }

        var turn = new TaskCompletionSource();
        var node = (requested ? _requested : _background).AddLast(turn);
        try
        {
            await turn.Task.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            if (node.List is { } list)
            {
                list.Remove(node);
            }
            else
            {
                // The slot was given to it just then.
                Leave();
            }

            throw;
        }
    }

    /// <summary>Gives a slot to whoever is next.</summary>
    public void Leave()
    {
        var waiting = _requested.Count > 0 ? _requested : _background;
        if (waiting.First is { } next)
        {
            // Last, for the one who waits may go on within this call.
            waiting.Remove(next);
            next.Value.SetResult();
        }
        else
        {
            _free++;
        }
    }
}
