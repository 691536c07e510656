namespace Skerry.Storage.Pages;

/// <summary>Hears what becomes of a store's commits. Called on the log's writer thread; must neither block nor throw.</summary>
public interface IConfirmationListener
{
    /// <summary>All transactions up to <paramref name="transaction"/> are confirmed.</summary>
    void Confirmed(ulong transaction);

    /// <summary>A transaction could not be confirmed, and no later one of this store will be. The object must be dropped.</summary>
    void Failed(StorageException error);
}
