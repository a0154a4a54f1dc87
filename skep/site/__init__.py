"""The folder of a team's inventory, stacks and settings: which one it is, how one begins, what is wrong with one."""
