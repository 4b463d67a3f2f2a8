package android.security.keystore;

import java.security.spec.AlgorithmParameterSpec;

/** Declaration for the compiler. */
public final class KeyGenParameterSpec implements AlgorithmParameterSpec {
    private KeyGenParameterSpec() {
    }

    /** Declaration for the compiler. */
    public static final class Builder {
        public Builder(String keystoreAlias, int purposes) {
        }

        public native Builder setAlgorithmParameterSpec(AlgorithmParameterSpec spec);

        public native Builder setDigests(String... digests);

        public native Builder setBlockModes(String... blockModes);

        public native Builder setEncryptionPaddings(String... paddings);

        public native Builder setKeySize(int keySize);

        public native Builder setIsStrongBoxBacked(boolean isStrongBoxBacked);

        public native KeyGenParameterSpec build();
    }
}
