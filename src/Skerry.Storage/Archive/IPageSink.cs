using Skerry.Storage.Pages;

namespace Skerry.Storage.Archive;

/// <summary>
/// Receives the pages of a database that is being restored. Nothing of it may be believed before the call that fills it
/// has returned: checksums are the last thing that is read.
/// </summary>
public interface IPageSink
{
    /// <summary>
    /// Before the first page: what the database will be. Comes again if a file turns out to be damaged that can be done
    /// without: what came before does not count, and all pages come anew.
    /// </summary>
    void Begin(in PageState state);

    /// <summary>A page, in any order, each at most once; never the lock page, never one after the database's end.</summary>
    /// <param name="page">Its number, from 1.</param>
    /// <param name="content">The whole page; valid during the call.</param>
    /// <param name="checksum">Its LTX checksum.</param>
    void Write(uint page, ReadOnlySpan<byte> content, ulong checksum);
}
