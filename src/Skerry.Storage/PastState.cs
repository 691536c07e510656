using Skerry.Storage.Pages;

namespace Skerry.Storage;

/// <summary>What a database was after one of its transactions, verified.</summary>
/// <param name="State">The transaction; <c>default</c> for the time before the first.</param>
/// <param name="Pages">All its pages, by number.</param>
public sealed record PastState(PageState State, SortedDictionary<uint, byte[]> Pages)
{
    /// <summary>
    /// Replaces the pending pages of a store, so that its next commit makes this state current. No connection may be
    /// open over the store.
    /// </summary>
    public void ApplyTo(PageStore store)
    {
        store.DiscardPending();
        foreach (var (page, content) in Pages)
        {
            store.WriteIfChanged(page, content);
        }

        store.Truncate(State.PageCount);
    }
}
