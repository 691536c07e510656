using Skerry.Storage.Pages;

namespace Skerry.Storage.Tests.Node;

/// <summary>Lets a test wait for the confirmation of a transaction.</summary>
internal sealed class Confirmations : IConfirmationListener
{
    private readonly Lock _lock = new();
    private readonly List<(ulong Transaction, TaskCompletionSource Done)> _waiting = [];
    private ulong _confirmed;

    public Confirmations(out Confirmations self) => self = this;

    public Task Until(ulong transaction)
    {
        lock (_lock)
        {
            if (_confirmed >= transaction)
            {
                return Task.CompletedTask;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((transaction, done));
            return done.Task;
        }
    }

    public void Confirmed(ulong transaction)
    {
        lock (_lock)
        {
            _confirmed = transaction;
            _waiting.FindAll(w => w.Transaction <= transaction).ForEach(w => w.Done.TrySetResult());
        }
    }

    public void Failed(StorageException error)
    {
        lock (_lock)
        {
            _waiting.ForEach(w => w.Done.TrySetException(error));
        }
    }
}
