//! The Merkle tree over the digests of the revisions (RFC 6962, section 2.1): roots, and proofs that a leaf is in it.
//!
//! A tree is built leaf by leaf in memory that grows with its height. A node is named by the leaves it covers, from the
//! first to the one after the last.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

/// The hash of a node.
pub type Hash = [u8; 32];

/// The leaves that a node covers: the first, and the one after the last.
type Leaves = (u64, u64);

/// The hash of a leaf with this data.
pub fn leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree that leaves are added to.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The largest complete subtrees, from the left: for each the first leaf, and the hash.
    peaks: Vec<(u64, Hash)>,
    /// The nodes to keep, and their hashes once they are known.
    kept: HashMap<Leaves, Option<Hash>>,
}

impl Tree {
    /// An empty tree that will prove that these leaves are in it when it has `size` leaves.
    pub fn proving(leaves: impl IntoIterator<Item = u64>, size: u64) -> Tree {
        let nodes = leaves.into_iter().flat_map(|index| siblings(index, size));
        Tree { kept: nodes.map(|it| (it, None)).collect(), ..Tree::default() }
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf with this data.
    pub fn push(&mut self, data: &[u8]) {
        let (mut first, mut hash) = (self.size, leaf(data));
        self.size += 1;
        self.keep((first, self.size), hash);
        // Each bit that the new leaf carries joins two complete subtrees of the same size.
        for _ in 0..self.size.trailing_zeros() {
            let Some((left, of_left)) = self.peaks.pop() else { break };
            (first, hash) = (left, node(&of_left, &hash));
            self.keep((first, self.size), hash);
        }
        self.peaks.push((first, hash));
    }

    fn keep(&mut self, leaves: Leaves, hash: Hash) {
        if let Some(kept) = self.kept.get_mut(&leaves) {
            *kept = Some(hash);
        }
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        self.root_from(0).unwrap_or_else(|| Sha256::digest([]).into())
    }

    /// The hash of the node from a peak to the last leaf.
    fn root_from(&self, first: u64) -> Option<Hash> {
        let peaks = self.peaks.iter().rev().take_while(|(peak, _)| *peak >= first);
        peaks.map(|(_, hash)| *hash).reduce(|right, left| node(&left, &right))
    }

    /// The proof that a leaf is in the tree, from its sibling up; `None` for a leaf that [`Tree::proving`] was not told
    /// of, or at another size.
    pub fn proof(&self, index: u64) -> Option<Vec<Hash>> {
        let of = |leaves: Leaves| match self.kept.get(&leaves)? {
            // A node at the right edge is complete only when the tree is.
            None if leaves.1 == self.size => self.root_from(leaves.0),
            hash => *hash,
        };
        (index < self.size).then(|| siblings(index, self.size).into_iter().map(of).collect())?
    }
}

/// The siblings of the nodes from a leaf up to the root of a tree (RFC 6962, section 2.1.1).
fn siblings(index: u64, size: u64) -> Vec<Leaves> {
    let (mut first, mut end, mut found) = (0, size, Vec::new());
    while index < size && end - first > 1 {
        // The largest power of two below the number of leaves.
        let middle = first + (1 << (u64::BITS - 1 - (end - first - 1).leading_zeros()));
        if index < middle {
            found.push((middle, end));
            end = middle;
        } else {
            found.push((first, middle));
            first = middle;
        }
    }
    found.reverse();
    found
}

/// The root that a proof leads to from a leaf; `None` for a proof of another length (RFC 9162, section 2.1.3.2).
pub fn root_of_proof(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for other in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node(other, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, other);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::hex;

    /// The leaves and roots that the tests of certificate-transparency (Google, Apache-2.0) have published since
    /// RFC 6962; other implementations repeat them.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_that_were_published() {
        let mut tree = Tree::default();
        assert_eq!(hex(&tree.root()), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            tree.push(leaf);
            assert_eq!(hex(&tree.root()), *root);
        }
    }

    /// The root as the definition of RFC 6962 has it, by recursion.
    fn root_by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => leaf(one),
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    #[test]
    fn every_leaf_of_every_tree_is_proved_and_no_other_place() {
        for size in 1..=70_u64 {
            let leaves: Vec<Vec<u8>> = (0..size).map(|number| vec![7, number as u8]).collect();
            let mut tree = Tree::proving(0..size, size);
            leaves.iter().for_each(|it| tree.push(it));
            let root = tree.root();
            assert_eq!(root, root_by_definition(&leaves));
            for index in 0..size {
                let (hash, proof) = (leaf(&leaves[index as usize]), tree.proof(index).unwrap());
                assert_eq!(root_of_proof(hash, index, size, &proof), Some(root), "{index} of {size}");
                for other in (0..size).filter(|it| *it != index) {
                    assert_ne!(root_of_proof(hash, other, size, &proof), Some(root), "{index} of {size} as {other}");
                }
                let longer = [proof.as_slice(), &[[0; 32]]].concat();
                assert_eq!(root_of_proof(hash, index, size, &longer), None, "{index} of {size}");
                if let [shorter @ .., _] = proof.as_slice() {
                    assert_eq!(root_of_proof(hash, index, size, shorter), None, "{index} of {size}");
                }
            }
            assert_eq!((tree.proof(size), root_of_proof(root, size, size, &[])), (None, None));
        }
    }

    #[test]
    fn a_tree_keeps_no_proof_that_it_was_not_asked_for() {
        let mut tree = Tree::proving([2], 5);
        (0..5_u8).for_each(|number| tree.push(&[number]));
        assert_eq!((tree.proof(2).map(|it| it.len()), tree.proof(4)), (Some(3), None));
        tree.push(&[5]);
        assert_eq!(tree.proof(2), None, "at another size");
    }
}
