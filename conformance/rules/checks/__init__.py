"""The checks. A file has those of one chapter, or of one subject of it. A module registers its checks when it is imported."""

from . import (config_hooks, config_mounts, config_mounts_bind, config_mounts_ids, config_process, config_process_limits,
               config_root, config_values, features, features_seccomp, linux_cgroups, linux_devices, linux_hidden, linux_memory,
               linux_namespaces, linux_netdevices, linux_resources, linux_seccomp, linux_seccomp_listener, runtime_bundle,
               runtime_lifecycle, runtime_operations, runtime_state)
