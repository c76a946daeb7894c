//! What an attempt is kept from: its definition's isolation, with this attempt's own folders and this machine's paths.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{beside::Beside, means::Settings, workspace::Workspace};
use crate::{
    domain::{
        agent::AgentDefinition,
        isolation::{FileSystem, Gap, Network},
    },
    ports::agent_runner::{DiskLimit, Reach, Walls},
};

/// What programs need to run: themselves, their libraries, certificates, names of hosts and accounts, the time zone, and what the kernel tells of
/// the machine. Of `/etc` only what is known to hold no secret. `/proc` shows the names and arguments of all processes; what else it has of them
/// is shut by the kernel for whoever has walls.
const NEEDED: [&str; 54] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix/store",
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/environment.d",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/gitconfig",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/lsb-release",
    "/etc/machine-id",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/perl",
    "/etc/pki",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/python3",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl",
    "/etc/terminfo",
    "/etc/timezone",
    "/proc",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
];

/// Devices that hold nothing of anybody.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The deepest that a folder is looked through to leave out what is shut.
const DEEPEST: usize = 12;

/// What is shut to every agent with walls, whatever its definition names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shut {
    /// The service's own folder: its programs may lie there, and no more of it is read by itself.
    pub root: PathBuf,
    /// Configuration, secrets, state and the workspaces of others.
    pub always: Vec<PathBuf>,
}

/// The walls of one attempt, as far as this machine offers them.
pub(super) fn walls(
    settings: &Settings,
    definition: &AgentDefinition,
    program: &Path,
    (workspace, beside): (&Workspace, &Beside),
    path_variable: &str,
) -> Walls {
    let isolation = &definition.isolation;
    let gaps = isolation.gaps(settings.offered);
    let files = (isolation.file_system == FileSystem::Workspace && !gaps.contains(&Gap::Files)).then(|| {
        let shut: Vec<PathBuf> =
            settings.shut.always.iter().flat_map(|path| [Some(path.clone()), path.canonicalize().ok()]).flatten().collect();
        // A service whose folder is the whole machine's leaves nothing else to run programs from.
        let root = Some(settings.shut.root.clone()).filter(|root| root.parent().is_some());
        let with_root: Vec<PathBuf> = shut.iter().cloned().chain(root).collect();
        let mut read = Vec::new();
        for path in NEEDED.iter().map(PathBuf::from).chain(program_folders(program, path_variable)) {
            without(&path, &with_root, DEEPEST, &mut read);
        }
        // A program may lie in the service's own folder: itself, and nothing beside it.
        read.extend(program.canonicalize().ok().filter(|program| !shut.iter().any(|shut| program.starts_with(shut))));
        isolation.read.iter().for_each(|path| without(path, &shut, DEEPEST, &mut read));
        let mut write: Vec<PathBuf> = DEVICES.iter().map(PathBuf::from).filter(|device| device.exists()).collect();
        isolation.write.iter().for_each(|path| without(path, &shut, DEEPEST, &mut write));
        write.extend(own_folders(workspace, beside));
        Reach { read, write }
    });
    let no_account = files.is_some() && !gaps.contains(&Gap::Account);
    let network_holds = !gaps.contains(&Gap::Network);
    Walls {
        files,
        no_account,
        no_network: isolation.network == Network::None && network_holds,
        no_unix_sockets: isolation.no_unix_sockets && !gaps.contains(&Gap::Sockets),
        hosts: match &isolation.network {
            Network::Hosts(hosts) if network_holds => Some(hosts.clone()),
            Network::Hosts(_) | Network::All | Network::None => None,
        },
        memory_limit: isolation.memory,
        process_limit: isolation.processes,
        disk_limit: isolation.disk.map(|bytes| DiskLimit { bytes, folders: own_folders(workspace, beside) }),
    }
}

/// An attempt's own folders.
fn own_folders(workspace: &Workspace, beside: &Beside) -> Vec<PathBuf> {
    [workspace.dir().to_owned(), beside.tmp.clone(), beside.config.clone()].into_iter().chain(beside.home.clone()).collect()
}

/// Where the agent's program and those that it calls lie: folders called `bin`, and the packages of Node.js that a program belongs to.
fn program_folders(program: &Path, path_variable: &str) -> Vec<PathBuf> {
    let is_bin = |folder: &Path| folder.is_absolute() && matches!(folder.file_name().and_then(|name| name.to_str()), Some("bin" | "sbin"));
    let own = program.parent().map(Path::to_owned);
    let mut folders: Vec<PathBuf> =
        own.into_iter().chain(path_variable.split(':').map(PathBuf::from)).filter(|folder| is_bin(folder)).collect();
    let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let mut packages = PathBuf::new();
    for part in real.components() {
        packages.push(part);
        if part == Component::Normal("node_modules".as_ref()) {
            folders.push(packages);
            break;
        }
    }
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// Adds a path, without what is shut below it: a folder that holds some of that is added entry by entry. What is made there later is not in it.
fn without(path: &Path, shut: &[PathBuf], depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(real) = path.canonicalize() else { return };
    if shut.iter().any(|shut| real.starts_with(shut)) {
        return;
    }
    if !shut.iter().any(|shut| shut.starts_with(&real)) {
        found.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(&real).into_iter().flatten().filter_map(Result::ok).filter(|_| depth > 0) {
        // A link would lead anywhere; where it leads is reached if that is.
        if entry.file_type().is_ok_and(|what| !what.is_symlink()) {
            without(&entry.path(), shut, depth - 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::runner::workspace::tests::Folder;

    #[test]
    fn what_is_shut_is_left_out_of_a_folder_that_holds_it_and_all_beside_it_is_kept() {
        let folder = Folder::new();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("srv/bot/state")).unwrap();
        fs::create_dir_all(at("srv/bot/tools")).unwrap();
        fs::create_dir_all(at("srv/data")).unwrap();
        fs::write(at("srv/bot/secret.env"), "").unwrap();
        symlink(at("srv/bot"), at("srv/way")).unwrap();
        let shut = [at("srv/bot/state"), at("srv/bot/secret.env")];

        let reached = |path: &str| {
            let mut found = Vec::new();
            without(&at(path), &shut, DEEPEST, &mut found);
            found.sort_unstable();
            found
        };

        assert_eq!(reached("srv"), [at("srv/bot/tools"), at("srv/data")]);
        assert_eq!(reached("srv/data"), [at("srv/data")]);
        assert_eq!(reached("srv/way"), [at("srv/bot/tools")], "a link leads to what is behind it");
        assert!(reached("srv/bot/state").is_empty() && reached("srv/bot/secret.env").is_empty() && reached("nothing").is_empty());
    }

    #[test]
    fn a_program_s_folder_is_reached_if_it_is_one_of_programs() {
        let folders = |program: &str, path: &str| program_folders(Path::new(program), path);

        assert_eq!(
            folders("/home/ann/.nvm/v22/lib/node_modules/claude/cli.js", "/usr/bin:/home/ann:relative/bin:/home/ann/bin"),
            ["/home/ann/.nvm/v22/lib/node_modules", "/home/ann/bin", "/usr/bin"].map(PathBuf::from)
        );
        assert_eq!(folders("/srv/bot/my-agent.sh", ""), Vec::<PathBuf>::new());
    }
}
