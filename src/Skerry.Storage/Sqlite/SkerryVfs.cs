using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Skerry.Storage.Sqlite;

/// <summary>
/// SQLite's view of the disk: one file, the main database, backed by an <see cref="IPageFile"/>. Journals are kept in
/// memory by SQLite itself, so any other file that it asks for is refused. See https://sqlite.org/vfs.html.
/// </summary>
/// <remarks>No exception crosses into native code: it is kept with the file, and the call answers with an error code.</remarks>
internal static unsafe class SkerryVfs
{
    public const string Name = "skerry";

    private const int OpenMainDb = 0x100;

    // SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN | SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SUBPAGE_READ
    private const int Characteristics = 0x800 | 0x1000 | 0x8000;

    [ThreadStatic]
    private static VfsFile? t_opening;

    private static IoMethods* s_methods;

    private static readonly Lazy<bool> Registered = new(Register);

    /// <summary>Registers the VFS and configures the library, once a process, before the first connection.</summary>
    public static void EnsureRegistered() => _ = Registered.Value;

    /// <summary>Lets the next open on this thread find its file.</summary>
    public static VfsFile? Opening
    {
        set => t_opening = value;
    }

    private static bool Register()
    {
        // No statistics (they take a global lock), no page cache ahead of need, a small lookaside: a node has thousands
        // of connections, and each must cost little.
        // If another library of the process has initialised SQLite before, its settings stand: these are only savings.
        _ = SqliteNative.Config(9, 0);
        _ = SqliteNative.ConfigPageCache(7, 0, 0, 0);
        _ = SqliteNative.ConfigTwo(13, 256, 24);
        Check(SqliteNative.Initialize());

        s_methods = (IoMethods*)NativeMemory.AllocZeroed((nuint)sizeof(IoMethods));
        s_methods->Version = 1;
        s_methods->Close = &Close;
        s_methods->Read = &Read;
        s_methods->Write = &Write;
        s_methods->Truncate = &Truncate;
        s_methods->Sync = &Sync;
        s_methods->FileSize = &FileSize;
        s_methods->Lock = &Lock;
        s_methods->Unlock = &Lock;
        s_methods->CheckReservedLock = &CheckReservedLock;
        s_methods->FileControl = &FileControl;
        s_methods->SectorSize = &SectorSize;
        s_methods->DeviceCharacteristics = &DeviceCharacteristics;

        // Randomness, time and sleep are the system's own; only files are ours.
        var system = (Vfs*)SqliteNative.VfsFind(null);
        var vfs = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
        *vfs = *system;
        vfs->OsFile = sizeof(File);
        vfs->Next = 0;
        vfs->Name = Marshal.StringToCoTaskMemUTF8(Name);
        vfs->Open = &Open;
        vfs->Delete = &Delete;
        vfs->Access = &Access;
        vfs->FullPathname = &FullPathname;
        Check(SqliteNative.VfsRegister(vfs, 0));
        return true;
    }

    private static void Check(int code)
    {
        if (code != SqliteNative.Ok)
        {
            throw new InvalidOperationException($"SQLite could not be set up: code {code}.");
        }
    }

    private static VfsFile Of(File* file) => Unsafe.As<VfsFile>(GCHandle.FromIntPtr(file->Handle).Target!);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, File* file, int flags, int* outFlags)
    {
        file->Methods = null;
        if ((flags & OpenMainDb) == 0 || t_opening is not { } opening)
        {
            return SqliteNative.CantOpen;
        }

        t_opening = null;
        file->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(opening));
        file->Methods = s_methods;
        if (outFlags != null)
        {
            *outFlags = flags;
        }

        return SqliteNative.Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(File* file)
    {
        GCHandle.FromIntPtr(file->Handle).Free();
        return SqliteNative.Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(File* file, byte* buffer, int count, long offset)
    {
        var of = Of(file);
        try
        {
            return of.Read(new Span<byte>(buffer, count), offset) ? SqliteNative.Ok : SqliteNative.IoErrShortRead;
        }
        catch (Exception e)
        {
            return of.Failed(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(File* file, byte* buffer, int count, long offset)
    {
        var of = Of(file);
        try
        {
            of.Write(new ReadOnlySpan<byte>(buffer, count), offset);
            return SqliteNative.Ok;
        }
        catch (Exception e)
        {
            return of.Failed(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(File* file, long size)
    {
        var of = Of(file);
        try
        {
            of.Pages.Truncate((uint)(size / IPageFile.PageSize));
            return SqliteNative.Ok;
        }
        catch (Exception e)
        {
            return of.Failed(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(File* file, int flags) => SqliteNative.Ok;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileSize(File* file, long* size)
    {
        *size = (long)Of(file).Pages.PageCount * IPageFile.PageSize;
        return SqliteNative.Ok;
    }

    // One connection a database, and a data folder that is held exclusively: there is nobody to lock out.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Lock(File* file, int level) => SqliteNative.Ok;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CheckReservedLock(File* file, int* result)
    {
        *result = 0;
        return SqliteNative.Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileControl(File* file, int op, void* argument) => SqliteNative.NotFound;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SectorSize(File* file) => IPageFile.PageSize;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceCharacteristics(File* file) => Characteristics;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(Vfs* vfs, byte* name, int syncFolder) => SqliteNative.Ok;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Access(Vfs* vfs, byte* name, int flags, int* result)
    {
        *result = 0;
        return SqliteNative.Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FullPathname(Vfs* vfs, byte* name, int size, byte* full)
    {
        var length = 0;
        while (name[length] != 0)
        {
            length++;
        }

        if (length + 1 > size)
        {
            return SqliteNative.CantOpen;
        }

        new ReadOnlySpan<byte>(name, length + 1).CopyTo(new Span<byte>(full, size));
        return SqliteNative.Ok;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct File
    {
        public IoMethods* Methods;
        public nint Handle;
    }

    /// <summary>sqlite3_io_methods, version 1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoMethods
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<File*, int> Close;
        public delegate* unmanaged[Cdecl]<File*, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<File*, byte*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<File*, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<File*, int, int> Sync;
        public delegate* unmanaged[Cdecl]<File*, long*, int> FileSize;
        public delegate* unmanaged[Cdecl]<File*, int, int> Lock;
        public delegate* unmanaged[Cdecl]<File*, int, int> Unlock;
        public delegate* unmanaged[Cdecl]<File*, int*, int> CheckReservedLock;
        public delegate* unmanaged[Cdecl]<File*, int, void*, int> FileControl;
        public delegate* unmanaged[Cdecl]<File*, int> SectorSize;
        public delegate* unmanaged[Cdecl]<File*, int> DeviceCharacteristics;
    }

    /// <summary>sqlite3_vfs, version 3; what is not ours is copied from the system's.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Vfs
    {
        public int Version;
        public int OsFile;
        public int MaxPathname;
        public nint Next;
        public nint Name;
        public nint AppData;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, File*, int, int*, int> Open;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, int> Delete;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, int*, int> Access;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, byte*, int> FullPathname;
        public nint DlOpen;
        public nint DlError;
        public nint DlSym;
        public nint DlClose;
        public nint Randomness;
        public nint Sleep;
        public nint CurrentTime;
        public nint GetLastError;
        public nint CurrentTimeInt64;
        public nint SetSystemCall;
        public nint GetSystemCall;
        public nint NextSystemCall;
    }
}
