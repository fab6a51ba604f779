import { shownAddress } from '../../../packages/runtime/src/folder/stores/address.js';
import { shownName } from '../../../packages/runtime/src/pictures/shown-name.js';

describe('the address in messages', () => {
  test.each([
    'https://user:SECRET@host/model/',
    'https://user:SECRET/x@host/model/',
    'https://user:SECRET?x@host/model/',
    'https://user:SECRET#x@host/model/',
    'https:/user:SECRET@host/model/',
    ' https://user:SECRET@host/model/',
    'htps://user:SECRET@host/model/',
    'https://host/model/?token=SECRET',
    'https://host/model/#SECRET',
  ])('has no secret of %s', (address) => {
    expect(shownAddress(address)).not.toContain('SECRET');
    expect(shownName(address)).not.toContain('SECRET');
    expect(shownAddress(address)).toContain('host/model/');
  });

  test('keeps a path, also one with @, and cuts a long name', () => {
    expect(shownName('photos/a@2x.png')).toBe('photos/a@2x.png');
    expect(shownName('C:\\photos\\a.png')).toBe('C:\\photos\\a.png');
    expect(shownName(`data:image/png;base64,${'A'.repeat(1e6)}`).length).toBeLessThan(200);
  });
});
