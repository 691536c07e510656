using Skerry.Bench.Measuring;
using Skerry.Objects;

namespace Skerry.Bench.Ours;

/// <summary>The object that the in-process figures call. Its methods run inside the object, on its thread.</summary>
public interface IProbe : IDurableObject
{
    /// <summary>Fills the tables of <see cref="Peers.SampleData"/>, once.</summary>
    Task Prepare();

    /// <summary><see cref="Peers.SampleData.SelectUser"/> for many ids in turn, each read as a typed row with a string.</summary>
    Task<OperationCost> SelectPrimaryKey(int times);

    /// <summary><see cref="Peers.SampleData.ListDocuments"/>, then <see cref="Peers.SampleData.SelectUserName"/> for each of its 100 rows.</summary>
    Task<OperationCost> NPlusOne(int times);

    /// <summary><see cref="Peers.SampleData.JoinDocuments"/>, read to its end.</summary>
    Task<OperationCost> Join(int times);

    /// <summary>Reads one number with one select.</summary>
    Task<long> Read();

    /// <summary>Writes one row with one statement; the call returns when it is confirmed.</summary>
    Task Write(long value);

    /// <summary>Makes the database so many pages long.</summary>
    Task FillPages(int pages);

    /// <summary>Reads every page once, so that the page cache holds what it will hold.</summary>
    Task<long> ReadPages();
}
