using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Node;

/// <summary>A database of arbitrary pages, and what it held after each of its transactions.</summary>
internal sealed class ModelledDatabase(ObjectKey key)
{
    private Confirmations _confirmations = null!;

    public ObjectKey Key { get; } = key;

    /// <summary>The seed of each page's content, after transaction 0, 1, 2 …</summary>
    public List<int[]> States { get; } = [[]];

    public PageStore Store { get; private set; } = null!;

    public ulong Newest => (ulong)States.Count - 1;

    public static ModelledDatabase Named(string name, int number) => new(new ObjectKey(name, new Id256([.. Enumerable.Range(0, 32).Select(i => (byte)(number * (i + 3)))])));

    public void Open(NodeStorage storage) => Store = storage.OpenDatabase(Key, new Confirmations(out _confirmations));

    public Task Confirmed() => Store.Confirmed.Transaction >= Newest ? Task.CompletedTask : _confirmations.Until(Newest);

    /// <summary>Writes, or cuts off, some pages, and commits. The confirmation is not waited for.</summary>
    public void Commit(Random random, int pagesMax, long alarmMs = 0)
    {
        var pages = States[^1].ToArray();
        if (pages.Length > 2 && random.Next(6) == 0)
        {
            Array.Resize(ref pages, random.Next(1, pages.Length));
            Store.Truncate((uint)pages.Length);
        }

        for (var writes = random.Next(1, 4); writes > 0; writes--)
        {
            var page = random.Next(pagesMax);
            if (page >= pages.Length)
            {
                // What lies between stays unwritten: zeros.
                Array.Resize(ref pages, page + 1);
            }

            pages[page] = random.Next(1, int.MaxValue);
            Store.Write((uint)page + 1, Content(pages[page]));
        }

        States.Add(pages);
        Assert.Equal(Newest, Store.Commit(alarmMs));
    }

    /// <summary>Commits the state of an earlier transaction as a new one.</summary>
    public async Task Restore(NodeStorage storage, ulong transaction)
    {
        (await storage.History.ReadAsync(Store, transaction, CancellationToken.None)).ApplyTo(Store);
        States.Add(States[(int)transaction]);
        Assert.Equal(Newest, Store.Commit(alarmMs: 0));
    }

    /// <summary>Fails unless the store holds exactly what its transaction left.</summary>
    public void Check()
    {
        var expected = States[(int)Store.State.Transaction];
        Assert.Equal((uint)expected.Length, Store.PageCount);
        var content = new byte[IPageFile.PageSize];
        for (var page = 0; page < expected.Length; page++)
        {
            Store.Read((uint)page + 1, 0, content);
            Assert.True(content.AsSpan().SequenceEqual(Content(expected[page])), $"page {page + 1} of {Key} is not what transaction {Store.State.Transaction} left");
        }
    }

    /// <summary>Forgets what a crash has lost.</summary>
    public void CutTo(ulong transaction) => States.RemoveRange((int)transaction + 1, States.Count - (int)transaction - 1);

    private static byte[] Content(int seed)
    {
        var content = new byte[IPageFile.PageSize];
        if (seed != 0)
        {
            new Random(seed).NextBytes(content);
        }

        return content;
    }
}
