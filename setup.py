"""Install ik_gd as an ament_python package (colcon) or with pip."""

from glob import glob

from setuptools import find_packages, setup

package_name = 'ik_gd'


def shared(folder: str, *patterns: str) -> tuple[str, list[str]]:
    """Return the data_files entry that installs `folder` below share/ik_gd."""
    files = [file for pattern in patterns for file in sorted(glob(f'{folder}/{pattern}'))]
    return f'share/{package_name}/{folder}', files


setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test', 'test.*']),
    package_data={package_name: ['py.typed', 'benchmark/urdf/*.urdf']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{package_name}']),
        (f'share/{package_name}', ['package.xml']),
        shared('launch', '*.launch.py'),
        shared('config', '*.yaml'),
        shared('rviz', '*.rviz'),
        shared('urdf', '*.urdf', '*.xacro'),
    ],
    install_requires=[
        'setuptools',
        'numba',
        'numpy',
        'pybullet',
        'pyserial',
        'pyyaml',
        'transforms3d',
        'xacro',
    ],
    extras_require={'test': ['pytest']},  # by this, colcon test knows to run pytest
    python_requires='>=3.10',
    zip_safe=False,
    maintainer='ik_gd developers',
    maintainer_email='maintainers@ik-gd.org',
    description='Gradient-descent inverse kinematics that drives real and simulated arms in ROS 2',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'ik_gd = ik_gd.cli.main:main',
            'ik_node = ik_gd.nodes.ik_node:main',
            'servo_node = ik_gd.nodes.servo_node:main',
            'simulator_node = ik_gd.nodes.simulator_node:main',
            'target_node = ik_gd.nodes.target_node:main',
        ],
    },
)
